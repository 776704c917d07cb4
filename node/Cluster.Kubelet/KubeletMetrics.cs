using System.Diagnostics.Metrics;

namespace Cluster.Kubelet;

/// <summary>The project's instruments hang on this meter; the command line exports them.</summary>
internal static class KubeletMetrics
{
    public static Meter Meter { get; } = new("Cluster.Kubelet");
}
