using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using Google.Protobuf;
using V1 = Cluster.Api.AutoscalingV1;
using V2 = Cluster.Api.AutoscalingV2;

namespace Cluster.Api.Conversion;

/// <summary>
/// autoscaling/v1 knows one number, processor use; what else an autoscaler has is carried in annotations, under Kubernetes' names for them.
/// </summary>
internal static class AutoscalerConversion
{
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";
    private const string Metrics = Prefix + "metrics";
    private const string CurrentMetrics = Prefix + "current-metrics";
    private const string Conditions = Prefix + "conditions";
    private const string Behavior = Prefix + "behavior";

    public static V1.HorizontalPodAutoscaler ToV1(V2.HorizontalPodAutoscaler hpa)
    {
        var (spec, status) = (hpa.Spec ?? new(), hpa.Status ?? new());
        var converted = new V1.HorizontalPodAutoscaler
        {
            Metadata = hpa.Metadata?.Clone() ?? new(),
            Spec = new() { MaxReplicas = spec.MaxReplicas, ScaleTargetRef = Reference(spec.ScaleTargetRef) },
            Status = new()
            {
                LastScaleTime = status.LastScaleTime?.Clone(), CurrentReplicas = status.CurrentReplicas, DesiredReplicas = status.DesiredReplicas,
            },
        };
        if (spec.HasMinReplicas)
            converted.Spec.MinReplicas = spec.MinReplicas;
        if (status.HasObservedGeneration)
            converted.Status.ObservedGeneration = status.ObservedGeneration;
        var others = spec.Metrics.ToList();
        if (others.FirstOrDefault(IsCpu) is { } cpu)
        {
            others.Remove(cpu);
            converted.Spec.TargetCPUUtilizationPercentage = cpu.Resource.Target.AverageUtilization;
        }

        if (status.CurrentMetrics.FirstOrDefault(IsCpu)?.Resource.Current is { HasAverageUtilization: true } current)
            converted.Status.CurrentCPUUtilizationPercentage = current.AverageUtilization;
        Annotate(converted.Metadata, Metrics, others.Select(MetricConversion.ToV1));
        Annotate(converted.Metadata, CurrentMetrics, status.CurrentMetrics.Where(metric => !IsCpu(metric)).Select(MetricConversion.ToV1));
        Annotate(converted.Metadata, Conditions, status.Conditions);
        if (spec.Behavior is { } behavior)
            converted.Metadata.Annotations[Behavior] = Text(behavior);
        return converted;
    }

    public static V2.HorizontalPodAutoscaler FromV1(V1.HorizontalPodAutoscaler hpa)
    {
        var (spec, status) = (hpa.Spec ?? new(), hpa.Status ?? new());
        var converted = new V2.HorizontalPodAutoscaler
        {
            Metadata = hpa.Metadata?.Clone() ?? new(),
            Spec = new() { MaxReplicas = spec.MaxReplicas, ScaleTargetRef = Reference(spec.ScaleTargetRef) },
            Status = new()
            {
                LastScaleTime = status.LastScaleTime?.Clone(), CurrentReplicas = status.CurrentReplicas, DesiredReplicas = status.DesiredReplicas,
            },
        };
        if (spec.HasMinReplicas)
            converted.Spec.MinReplicas = spec.MinReplicas;
        if (status.HasObservedGeneration)
            converted.Status.ObservedGeneration = status.ObservedGeneration;
        var annotations = converted.Metadata.Annotations;
        converted.Spec.Metrics.Add(Take<V1.MetricSpec>(annotations, Metrics).Select(MetricConversion.FromV1));
        if (spec.HasTargetCPUUtilizationPercentage)
            converted.Spec.Metrics.Add(Defaulting.AutoscalingDefaults.Cpu(spec.TargetCPUUtilizationPercentage));
        converted.Status.CurrentMetrics.Add(Take<V1.MetricStatus>(annotations, CurrentMetrics).Select(MetricConversion.FromV1));
        if (status.HasCurrentCPUUtilizationPercentage)
            converted.Status.CurrentMetrics.Add(CurrentCpu(status.CurrentCPUUtilizationPercentage));
        converted.Status.Conditions.Add(Take<V2.HorizontalPodAutoscalerCondition>(annotations, Conditions));
        if (annotations.Remove(Behavior, out var behavior))
            converted.Spec.Behavior = Parse<V2.HorizontalPodAutoscalerBehavior>(behavior);
        return converted;
    }

    private static bool IsCpu(V2.MetricSpec metric) =>
        metric is { Type: "Resource", Resource: { Name: "cpu", Target.HasAverageUtilization: true } };

    private static bool IsCpu(V2.MetricStatus metric) => metric is { Type: "Resource", Resource.Name: "cpu" };

    private static V2.MetricStatus CurrentCpu(int utilization) => new()
    {
        Type = "Resource", Resource = new() { Name = "cpu", Current = new() { AverageUtilization = utilization } },
    };

    private static V1.CrossVersionObjectReference Reference(V2.CrossVersionObjectReference? reference) =>
        new() { ApiVersion = reference?.ApiVersion ?? "", Kind = reference?.Kind ?? "", Name = reference?.Name ?? "" };

    private static V2.CrossVersionObjectReference Reference(V1.CrossVersionObjectReference? reference) =>
        new() { ApiVersion = reference?.ApiVersion ?? "", Kind = reference?.Kind ?? "", Name = reference?.Name ?? "" };

    private static void Annotate(MetaV1.ObjectMeta metadata, string name, IEnumerable<IMessage> values)
    {
        var texts = values.Select(Text).ToList();
        if (texts.Count > 0)
            metadata.Annotations[name] = $"[{string.Join(',', texts)}]";
    }

    private static string Text(IMessage message) => Encoding.UTF8.GetString(JsonCodec.EncodeToBytes(message));

    /// <summary>Annotations are anybody's to write: one that is none of ours is left where it is.</summary>
    private static List<T> Take<T>(IDictionary<string, string> annotations, string name)
        where T : class, IMessage<T>, new()
    {
        if (!annotations.TryGetValue(name, out var text))
            return [];
        try
        {
            List<T> values = [.. JsonNode.Parse(text)!.AsArray().Select(node => JsonCodec.Decode<T>(Encoding.UTF8.GetBytes(node?.ToJsonString() ?? "null")))];
            annotations.Remove(name);
            return values;
        }
        catch (Exception error) when (error is System.Text.Json.JsonException or StatusException or InvalidOperationException)
        {
            return [];
        }
    }

    private static T? Parse<T>(string text)
        where T : class, IMessage<T>, new()
    {
        try
        {
            return JsonCodec.Decode<T>(Encoding.UTF8.GetBytes(text));
        }
        catch (StatusException)
        {
            return null;
        }
    }
}
