using Cluster.Api.AutoscalingV2;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of autoscalers: four fifths of the processor, and how fast to follow where a behaviour is given in part.</summary>
internal static class AutoscalingDefaults
{
    private const int CpuUtilization = 80;
    private const int PeriodSeconds = 15;

    public static void Apply(HorizontalPodAutoscaler hpa)
    {
        hpa.Spec ??= new HorizontalPodAutoscalerSpec();
        if (!hpa.Spec.HasMinReplicas)
        {
            hpa.Spec.MinReplicas = 1;
        }
        if (hpa.Spec.Metrics.Count == 0)
        {
            hpa.Spec.Metrics.Add(Cpu(CpuUtilization));
        }
        if (hpa.Spec.Behavior is { } behavior)
        {
            behavior.ScaleUp ??= new HPAScalingRules();
            behavior.ScaleDown ??= new HPAScalingRules();
            if (!behavior.ScaleUp.HasStabilizationWindowSeconds)
            {
                behavior.ScaleUp.StabilizationWindowSeconds = 0;
            }
            Apply(behavior.ScaleUp, new() { Type = "Pods", Value = 4, PeriodSeconds = PeriodSeconds }, Double());
            Apply(behavior.ScaleDown, Double());
        }
    }

    /// <summary>The one number the first version of the API knew: processor use in percent of the request.</summary>
    public static MetricSpec Cpu(int utilization) => new()
    {
        Type = "Resource",
        Resource = new() { Name = "cpu", Target = new() { Type = "Utilization", AverageUtilization = utilization } },
    };

    private static HPAScalingPolicy Double() => new() { Type = "Percent", Value = 100, PeriodSeconds = PeriodSeconds };

    private static void Apply(HPAScalingRules rules, params HPAScalingPolicy[] policies)
    {
        if (!rules.HasSelectPolicy)
        {
            rules.SelectPolicy = "Max";
        }
        if (rules.Policies.Count == 0)
        {
            rules.Policies.Add(policies);
        }
    }
}
