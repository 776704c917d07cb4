using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Measuring;

/// <summary>Latency of requests at a fixed rate; the value is the 99th percentile.</summary>
internal sealed class LatencyWork() : Work("latency", "p99 at 1,000 requests/s", "us", Transport.Tcp)
{
    private const int Connections = 16;
    private const int PerSecond = 1000;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(1);

    public override bool LessIsBetter => true;

    public override Sample Measure(RunningCandidate candidate, Meter meter, Timing timing, StopSignal stop)
    {
        using var loop = new LoadLoop(stop);
        using var load = new PacedLoad(loop, candidate.Target, Connections, PerSecond);
        load.Open();
        loop.RunUntil(() => load.IsDrained, DrainTime);
        load.Resume();
        loop.Run(timing.Lead);
        load.Latencies.Clear();
        long done = load.Operations;
        Reading before = meter.Read();
        loop.Run(timing.Duration);
        Reading after = meter.Read();
        double busy = loop.BusyShare;
        load.Pause();
        loop.RunUntil(() => load.IsDrained, DrainTime);
        return Sampled(candidate, before, after, load.Operations - done, load, load.Latencies.Microseconds(99)) with
        {
            LoadBusy = busy,
            P50Microseconds = load.Latencies.Microseconds(50),
            P99Microseconds = load.Latencies.Microseconds(99),
        };
    }
}
