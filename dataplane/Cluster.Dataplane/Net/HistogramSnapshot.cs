namespace Cluster.Dataplane.Net;

/// <summary>What a histogram held at a moment.</summary>
/// <param name="Bounds">Upper bounds of all buckets but the last, which has none; in seconds.</param>
/// <param name="Counts">What each bucket holds by itself, one more than bounds.</param>
/// <param name="Sum">The sum of all that was recorded, in seconds.</param>
public sealed record HistogramSnapshot(IReadOnlyList<double> Bounds, IReadOnlyList<long> Counts, double Sum);
