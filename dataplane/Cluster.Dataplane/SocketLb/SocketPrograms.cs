using System.ComponentModel;
using Cluster.Dataplane.Linux.Bpf;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The programs of the connect-time path, loaded: what runs where.</summary>
internal sealed class SocketPrograms : IDisposable
{
    private readonly List<(BpfAttachType Hook, BpfProgram Program)> _all = [];

    private SocketPrograms()
    {
    }

    public IReadOnlyList<(BpfAttachType Hook, BpfProgram Program)> All => _all;

    /// <exception cref="Win32Exception">The kernel refused one of them.</exception>
    public static SocketPrograms Load(SocketMaps maps, TimeSpan udpIdleTimeout)
    {
        var programs = new SocketPrograms();
        try
        {
            var idleNanoseconds = (ulong)udpIdleTimeout.TotalMilliseconds * 1_000_000;
            foreach (var isV6 in new[] { false, true })
            {
                programs.LoadRewriting(isV6 ? BpfAttachType.Connect6 : BpfAttachType.Connect4, code => code.Connect(), maps, idleNanoseconds, isV6);
                programs.LoadRewriting(isV6 ? BpfAttachType.SendMessage6 : BpfAttachType.SendMessage4, code => code.SendMessage(), maps, idleNanoseconds, isV6);
                programs.LoadRewriting(isV6 ? BpfAttachType.ReceiveMessage6 : BpfAttachType.ReceiveMessage4, code => code.ReceiveMessage(), maps, idleNanoseconds, isV6);
                programs.LoadRewriting(isV6 ? BpfAttachType.GetPeerName6 : BpfAttachType.GetPeerName4, code => code.GetPeerName(), maps, idleNanoseconds, isV6);
            }

            programs.Load("cl_tcp_states", BpfProgramType.SocketOperations, BpfAttachType.SocketOperations, new CountingCode(maps).Operations());
            programs.Load("cl_release", BpfProgramType.CgroupSocket, BpfAttachType.SocketRelease, new CountingCode(maps).Release());
            return programs;
        }
        catch
        {
            programs.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var (_, program) in _all) program.Dispose();
    }

    // Kernels before 6.1 have no way to name the error: a refused connection is EPERM there instead of ECONNREFUSED.
    private void LoadRewriting(BpfAttachType hook, Func<RewriteCode, BpfAssembler> write, SocketMaps maps, ulong idleNanoseconds, bool isV6)
    {
        try
        {
            Load($"cl_{hook}", BpfProgramType.CgroupSocketAddress, hook, write(new RewriteCode(maps, idleNanoseconds, isV6, namesError: true)));
        }
        catch (BpfException refused) when (refused.VerifierLog.Contains("#187", StringComparison.Ordinal))
        {
            Load($"cl_{hook}", BpfProgramType.CgroupSocketAddress, hook, write(new RewriteCode(maps, idleNanoseconds, isV6, namesError: false)));
        }
    }

    private void Load(string name, BpfProgramType type, BpfAttachType hook, BpfAssembler code) =>
        _all.Add((hook, BpfProgram.Load(name[..Math.Min(name.Length, 15)], type, hook, code)));
}
