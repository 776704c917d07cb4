using System.ComponentModel;
using System.Net;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Bpf;

namespace Cluster.Dataplane.Tests.Linux.Bpf;

/// <summary>What tests of BPF need: whether it is allowed here, and where to attach to.</summary>
internal static class BpfSupport
{
    public const string WhyNot = "BPF or cgroup v2 is not available here";

    /// <summary>The root of the unified hierarchy; null where none is mounted.</summary>
    public static string? Cgroup { get; } =
        new[] { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" }.FirstOrDefault(path => File.Exists(Path.Combine(path, "cgroup.controllers")));

    public static bool CanRun { get; } = OperatingSystem.IsLinux() && Cgroup is not null && CanLoad();

    /// <summary>A program that lets every connection pass.</summary>
    public static BpfProgram PassAll(BpfAttachType type = BpfAttachType.Connect4)
    {
        var code = new BpfAssembler();
        code.Exit(1);
        return BpfProgram.Load("pass_all", BpfProgramType.CgroupSocketAddress, type, code);
    }

    /// <summary>A program that refuses connections to one IPv4 address and lets others pass.</summary>
    public static BpfProgram Refuse(IPAddress address)
    {
        var code = new BpfAssembler();
        code.Load(BpfRegister.R2, BpfRegister.R1, 4, BpfWidth.Word);
        code.JumpIf32(BpfRegister.R2, BpfCondition.Equal, BitConverter.ToInt32(address.GetAddressBytes()), "refuse");
        code.Exit(1);
        code.Label("refuse");
        code.Exit(0);
        return BpfProgram.Load("refuse", BpfProgramType.CgroupSocketAddress, BpfAttachType.Connect4, code);
    }

    private static bool CanLoad()
    {
        try
        {
            using var program = PassAll();
            return NetNamespaces.CurrentCookie() != 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
