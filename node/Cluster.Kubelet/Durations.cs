using System.Globalization;

namespace Cluster.Kubelet;

/// <summary>Durations as Kubernetes' messages write them: 12ms, 1.5s, 10s, 2m40s, 5m0s.</summary>
internal static class Durations
{
    public static string Text(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(1)) return $"{(int)duration.TotalMilliseconds}ms";
        var seconds = (duration.TotalSeconds % 60).ToString("0.###", CultureInfo.InvariantCulture);
        return duration < TimeSpan.FromMinutes(1) ? $"{seconds}s" : $"{(int)duration.TotalMinutes}m{seconds}s";
    }
}
