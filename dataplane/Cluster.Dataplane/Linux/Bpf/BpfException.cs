using System.ComponentModel;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>The kernel refused a BPF call; the message names the call and gives the system's words.</summary>
public sealed class BpfException : Win32Exception
{
    internal BpfException(int error, string call, string log = "")
        : base(error, $"{call}: {Marshal(error)}{(log.Length == 0 ? "" : "\n" + log)}")
    {
        Call = call;
        VerifierLog = log;
    }

    /// <summary>What was asked of the kernel.</summary>
    public string Call { get; }

    /// <summary>What the verifier said of a program that was refused; empty for other calls.</summary>
    public string VerifierLog { get; }

    private static string Marshal(int error) => System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error);
}
