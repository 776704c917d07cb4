using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Measuring;

/// <summary>As much as goes through in a time.</summary>
/// <param name="scale">Operations of the load that make one unit: 1, or a million bytes.</param>
internal sealed class ThroughputWork(
    string name, string title, string unit, Transport transport, Func<LoadLoop, LoadTarget, Load> open, double scale = 1, string cpuUnit = "operation")
    : Work(name, title, unit, transport)
{
    public override string CpuUnit => cpuUnit;

    public override Sample Measure(RunningCandidate candidate, Meter meter, Timing timing, StopSignal stop)
    {
        using var loop = new LoadLoop(stop) { Spins = true };
        using Load load = open(loop, candidate.Target);
        load.Open();
        loop.Run(timing.Lead);
        long done = load.Operations;
        Reading before = meter.Read();
        loop.Run(timing.Duration);
        Reading after = meter.Read();
        double operations = (load.Operations - done) / scale;
        return Sampled(candidate, before, after, operations, load, operations / Seconds(before, after)) with { LoadBusy = loop.BusyShare };
    }
}
