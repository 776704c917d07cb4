using System.Diagnostics;

namespace Cluster.LoadTests.Measuring;

/// <summary>Durations in stopwatch ticks, kept one by one: a run holds few enough.</summary>
internal sealed class Latencies
{
    private readonly List<long> _ticks = new(64 * 1024);

    public int Count => _ticks.Count;

    public void Add(long ticks) => _ticks.Add(ticks);

    /// <summary>Adds one if there is one.</summary>
    public void Add(long? ticks)
    {
        if (ticks is { } known) Add(known);
    }

    public void Clear() => _ticks.Clear();

    /// <summary>A percentile in microseconds; null where nothing was recorded.</summary>
    public double? Microseconds(double percentile) => _ticks.Count == 0
        ? null
        : Statistics.Percentile([.. _ticks.Select(ticks => ticks * 1e6 / Stopwatch.Frequency)], percentile);
}
