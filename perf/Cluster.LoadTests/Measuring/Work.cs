using System.Diagnostics;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Measuring;

/// <summary>One kind of measurement.</summary>
/// <param name="name">As on the command line and in the data.</param>
/// <param name="title">As in the table.</param>
/// <param name="unit">Of the value.</param>
internal abstract class Work(string name, string title, string unit, Transport transport)
{
    public string Name { get; } = name;

    public string Title { get; } = title;

    public string Unit { get; } = unit;

    public Transport Transport { get; } = transport;

    /// <summary>Less is better: latency, memory.</summary>
    public virtual bool LessIsBetter => false;

    /// <summary>What CPU is counted per.</summary>
    public virtual string CpuUnit => "operation";

    /// <summary>Each measurement needs a process that has done nothing before.</summary>
    public virtual bool NeedsFreshProcess => false;

    /// <summary>Measures once; the calling thread is in the candidate's namespace.</summary>
    public abstract Sample Measure(RunningCandidate candidate, Meter meter, Timing timing, StopSignal stop);

    /// <summary>A sample of what was done between two readings.</summary>
    protected Sample Sampled(RunningCandidate candidate, Reading before, Reading after, double operations, Load load, double? value) => new(
        Name,
        candidate.Name,
        0,
        operations > 0 ? value : null,
        (long)operations,
        Seconds(before, after),
        PerOperation(after.Process?.CpuSeconds - before.Process?.CpuSeconds, operations),
        (after.ProxyCore - before.ProxyCore).BusyShare,
        0,
        PerOperation((after.ProxyCore - before.ProxyCore).Busy + (after.LoadCore - before.LoadCore).Busy, operations) ?? 0,
        PerOperation((after.ProxyCore - before.ProxyCore).Softirq + (after.LoadCore - before.LoadCore).Softirq, operations) ?? 0,
        null,
        null,
        load.Failures,
        operations > 0 ? null : "nothing came through");

    protected static double Seconds(Reading before, Reading after) => Stopwatch.GetElapsedTime(before.Timestamp, after.Timestamp).TotalSeconds;

    private static double? PerOperation(double? seconds, double operations) => operations > 0 ? seconds * 1e6 / operations : null;
}
