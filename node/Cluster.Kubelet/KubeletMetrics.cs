using System.Diagnostics.Metrics;

namespace Cluster.Kubelet;

/// <summary>The project's instruments hang on this meter; <c>/metrics</c> tells what they measured.</summary>
internal static class KubeletMetrics
{
    public static Meter Meter { get; } = new("Cluster.Kubelet");

    /// <summary>Durations of some milliseconds to minutes.</summary>
    /// <param name="name">Kubernetes' name of it.</param>
    /// <param name="help">For people.</param>
    public static Histogram<double> Seconds(string name, string help) => Meter.CreateHistogram(
        name, "s", help, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] });
}
