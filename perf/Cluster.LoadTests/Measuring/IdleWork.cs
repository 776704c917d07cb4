using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Measuring;

/// <summary>Memory of the proxy's process for each connection that rests; the kernel's own for its sockets is the same for all.</summary>
internal sealed class IdleWork() : Work("idle", "memory of an idle connection", "KB", Transport.Tcp)
{
    /// <summary>
    /// This part of the connections is opened and closed, and then opened to stay, before counting begins: by then code is compiled, and the
    /// growth that is counted is that of connections no pool has room for yet.
    /// </summary>
    private const int FirstShare = 2;

    /// <summary>
    /// So often it is opened and closed. Once was not enough: .NET's compiler, in the background, took up to 270 KB while the connections that count were
    /// opened (smaps of the process: its heap had grown by 0.21 KB a connection, the C library's arenas by 0.13), a third of that after four rounds.
    /// </summary>
    private const int FirstRounds = 4;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public override bool LessIsBetter => true;

    public override bool NeedsFreshProcess => true;

    public override Sample Measure(RunningCandidate candidate, Meter meter, Timing timing, StopSignal stop)
    {
        for (int round = 0; round < FirstRounds; round++)
        {
            using var loop = new LoadLoop(stop);
            using var first = new IdleLoad(loop, candidate.Target) { Connections = timing.IdleConnections / FirstShare };
            first.Open();
            loop.RunUntil(() => first.IsComplete, Limit);
            loop.Run(timing.IdleRest);
        }

        using var settled = new LoadLoop(stop);
        settled.Run(timing.IdleRest);
        using var load = new IdleLoad(settled, candidate.Target) { Connections = timing.IdleConnections / FirstShare };
        load.Open();
        settled.RunUntil(() => load.IsComplete, Limit);
        settled.Run(timing.IdleRest);
        long opened = load.Operations;
        Reading before = meter.Read();
        load.Connections = timing.IdleConnections;
        bool complete = settled.RunUntil(() => load.IsComplete, Limit);
        settled.Run(timing.IdleRest);
        Reading after = meter.Read();
        double? bytes = after.Process?.ResidentBytes - before.Process?.ResidentBytes;
        return Sampled(candidate, before, after, load.Operations - opened, load, bytes / (load.Operations - opened) / 1024) with
        {
            Failure = complete ? null : $"only {load.Operations} of {timing.IdleConnections} connections were answered",
        };
    }
}
