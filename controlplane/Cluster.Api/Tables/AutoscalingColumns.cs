using Cluster.Api.AutoscalingV2;

namespace Cluster.Api.Tables;

/// <summary>Autoscalers: what they scale, by what, and how far.</summary>
internal static class AutoscalingColumns
{
    private const int ListedAtMost = 2;
    private const string Unknown = "<unknown>";

    public static TableColumns Make() => new TableBuilder<HorizontalPodAutoscaler>()
        .Name()
        .Text("Reference", "What it scales.", hpa => $"{hpa.Spec?.ScaleTargetRef?.Kind}/{hpa.Spec?.ScaleTargetRef?.Name}")
        .Text("Targets", "What was measured and what is wanted, of each number.", Targets)
        .Add("MinPods", "string", "", "At least so many pods.", 0,
            (hpa, _) => hpa.Spec is { HasMinReplicas: true } spec ? (object)(long)spec.MinReplicas : CellText.Unset)
        .Add("MaxPods", "string", "", "At most so many pods.", 0, (hpa, _) => (long)(hpa.Spec?.MaxReplicas ?? 0))
        .Add("Replicas", "string", "", "Pods there are.", 0, (hpa, _) => (long)(hpa.Status?.CurrentReplicas ?? 0))
        .Age()
        .Build();

    private static string Targets(HorizontalPodAutoscaler hpa)
    {
        var (metrics, statuses) = (hpa.Spec?.Metrics ?? [], hpa.Status?.CurrentMetrics ?? []);
        if (metrics.Count == 0)
        {
            return CellText.None;
        }
        var shown = string.Join(", ", metrics.Take(ListedAtMost).Select((metric, i) => Target(metric, i < statuses.Count ? statuses[i] : null)));
        return metrics.Count > ListedAtMost ? $"{shown} + {metrics.Count - ListedAtMost} more..." : shown;
    }

    private static string Target(MetricSpec metric, MetricStatus? status) => metric.Type switch
    {
        "Pods" => $"{status?.Pods?.Current?.AverageValue?.String ?? Unknown}/{metric.Pods?.Target?.AverageValue?.String}",
        "Object" => Total(metric.Object?.Target, status?.Object?.Current),
        "External" => Total(metric.External?.Target, status?.External?.Current),
        "Resource" => Used(metric.Resource?.Name, metric.Resource?.Target, status?.Resource?.Current),
        "ContainerResource" => Used(metric.ContainerResource?.Name, metric.ContainerResource?.Target, status?.ContainerResource?.Current),
        _ => "<unknown type>",
    };

    private static string Total(MetricTarget? target, MetricValueStatus? current) => target?.AverageValue is { } average
        ? $"{current?.AverageValue?.String ?? Unknown}/{average.String} (avg)"
        : $"{current?.Value?.String ?? Unknown}/{target?.Value?.String}";

    private static string Used(string? resource, MetricTarget? target, MetricValueStatus? current)
    {
        if (target?.AverageValue is { } average)
        {
            return $"{resource}: {current?.AverageValue?.String ?? Unknown}/{average.String}";
        }
        var measured = current is { HasAverageUtilization: true } ? $"{current.AverageUtilization}%" : Unknown;
        return $"{resource}: {measured}/{(target is { HasAverageUtilization: true } ? $"{target.AverageUtilization}%" : "<auto>")}";
    }
}
