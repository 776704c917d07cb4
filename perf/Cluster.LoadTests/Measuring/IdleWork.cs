using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Measuring;

/// <summary>Memory of the proxy's process for each connection that rests; the kernel's own for its sockets is the same for all.</summary>
internal sealed class IdleWork() : Work("idle", "memory of an idle connection", "KB", Transport.Tcp)
{
    /// <summary>Opened and closed before, so that what a first connection costs once is not counted.</summary>
    private const int Before = 500;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(0.5);

    public override bool LessIsBetter => true;

    public override bool NeedsFreshProcess => true;

    public override Sample Measure(RunningCandidate candidate, Meter meter, Timing timing, StopSignal stop)
    {
        using (var loop = new LoadLoop(stop))
        {
            using var first = new IdleLoad(loop, candidate.Target, Before);
            first.Open();
            loop.RunUntil(() => first.IsComplete, Limit);
            loop.Run(Rest);
        }

        using var settled = new LoadLoop(stop);
        settled.Run(Rest);
        using var load = new IdleLoad(settled, candidate.Target, timing.IdleConnections);
        Reading before = meter.Read();
        load.Open();
        bool complete = settled.RunUntil(() => load.IsComplete, Limit);
        settled.Run(Rest);
        Reading after = meter.Read();
        double? bytes = after.Process?.ResidentBytes - before.Process?.ResidentBytes;
        return Sampled(candidate, before, after, load.Operations, load, bytes / load.Operations / 1024) with
        {
            Failure = complete ? null : $"only {load.Operations} of {timing.IdleConnections} connections were answered",
        };
    }
}
