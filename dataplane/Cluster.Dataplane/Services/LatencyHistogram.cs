using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Services;

/// <summary>How long something took, by buckets. Any thread may record: three interlocked adds, no allocation.</summary>
public sealed class LatencyHistogram
{
    // From a connection on the same node to one for which a SYN was sent again, and beyond.
    private static readonly int[] BoundMicroseconds = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000];

    private readonly long[] _counts = new long[BoundMicroseconds.Length + 1];
    private long _microseconds;

    private static readonly double[] Bounds = [.. BoundMicroseconds.Select(bound => bound / 1e6)];

    public void Record(TimeSpan time)
    {
        var microseconds = (long)time.TotalMicroseconds;
        var bucket = 0;
        while (bucket < BoundMicroseconds.Length && microseconds > BoundMicroseconds[bucket]) bucket++;
        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _microseconds, microseconds);
    }

    public HistogramSnapshot Snapshot()
    {
        var counts = new long[_counts.Length];
        for (var i = 0; i < counts.Length; i++) counts[i] = Interlocked.Read(ref _counts[i]);
        return new HistogramSnapshot(Bounds, counts, Interlocked.Read(ref _microseconds) / 1e6);
    }
}
