using System.Runtime.InteropServices;

namespace Cluster.Containers.Linux;

/// <summary>The system call on processes that .NET has no method for.</summary>
internal static class ProcessCalls
{
    private const int HangUp = 1;

    /// <summary>Tells a process that its terminal is gone. One that ended meanwhile is no error.</summary>
    public static void SendHangUp(int process)
    {
        // 0 and -1 mean groups of processes.
        if (process > 1) _ = Kill(process, HangUp);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);
}
