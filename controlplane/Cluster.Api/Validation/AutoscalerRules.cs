using Cluster.Api.AutoscalingV2;

namespace Cluster.Api.Validation;

internal sealed class AutoscalerRules : KindRules<HorizontalPodAutoscaler>
{
    private const int MaxWindowSeconds = 3600;
    private const int MaxPeriodSeconds = 1800;

    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(HorizontalPodAutoscaler obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new HorizontalPodAutoscalerSpec();
        if (spec is { HasMinReplicas: true, MinReplicas: < 1 })
        {
            errors.Invalid(Spec.Child("minReplicas"), spec.MinReplicas, "must be greater than or equal to 1");
        }
        if (spec.MaxReplicas < 1)
        {
            errors.Invalid(Spec.Child("maxReplicas"), spec.MaxReplicas, "must be greater than 0");
        }
        if (spec.HasMinReplicas && spec.MaxReplicas < spec.MinReplicas)
        {
            errors.Invalid(Spec.Child("maxReplicas"), spec.MaxReplicas, "must be greater than or equal to `minReplicas`");
        }
        Reference(spec.ScaleTargetRef ?? new CrossVersionObjectReference(), Spec.Child("scaleTargetRef"), errors);
        for (var i = 0; i < spec.Metrics.Count; i++)
        {
            MetricRules.Check(spec.Metrics[i], Spec.Child("metrics").Index(i), errors);
        }
        Scaling(spec.Behavior?.ScaleUp, Spec.Child("behavior").Child("scaleUp"), errors);
        Scaling(spec.Behavior?.ScaleDown, Spec.Child("behavior").Child("scaleDown"), errors);
    }

    protected override void CheckStatus(HorizontalPodAutoscaler obj, HorizontalPodAutoscaler before, FieldErrors errors)
    {
        errors.NotNegative(FieldPath.Status.Child("currentReplicas"), obj.Status?.CurrentReplicas ?? 0);
        errors.NotNegative(FieldPath.Status.Child("desiredReplicas"), obj.Status?.DesiredReplicas ?? 0);
    }

    /// <summary>Kind and name of an object, as parts of its path.</summary>
    internal static void Reference(CrossVersionObjectReference reference, FieldPath path, FieldErrors errors)
    {
        if (errors.Present(path.Child("kind"), reference.Kind))
        {
            errors.Format(path.Child("kind"), reference.Kind, NameFormats.PathSegment);
        }
        if (errors.Present(path.Child("name"), reference.Name))
        {
            errors.Format(path.Child("name"), reference.Name, NameFormats.PathSegment);
        }
    }

    private static void Scaling(HPAScalingRules? rules, FieldPath path, FieldErrors errors)
    {
        if (rules is null)
        {
            return;
        }
        var window = path.Child("stabilizationWindowSeconds");
        if (rules.StabilizationWindowSeconds < 0)
        {
            errors.Invalid(window, rules.StabilizationWindowSeconds, "must be greater than or equal to zero");
        }
        if (rules.StabilizationWindowSeconds > MaxWindowSeconds)
        {
            errors.Invalid(window, rules.StabilizationWindowSeconds, $"must be less than or equal to {MaxWindowSeconds}");
        }
        if (rules.HasSelectPolicy && rules.SelectPolicy is not ("Disabled" or "Max" or "Min"))
        {
            errors.NotSupported(path.Child("selectPolicy"), rules.SelectPolicy, ["Disabled", "Max", "Min"]);
        }
        if (rules.Policies.Count == 0)
        {
            errors.Required(path.Child("policies"), "must specify at least one Policy");
        }
        for (var i = 0; i < rules.Policies.Count; i++)
        {
            Policy(rules.Policies[i], path.Child("policies").Index(i), errors);
        }
    }

    private static void Policy(HPAScalingPolicy policy, FieldPath path, FieldErrors errors)
    {
        if (policy.Type is not ("Percent" or "Pods"))
        {
            errors.NotSupported(path.Child("type"), policy.Type, ["Percent", "Pods"]);
        }
        if (policy.Value <= 0)
        {
            errors.Invalid(path.Child("value"), policy.Value, "must be greater than zero");
        }
        if (policy.PeriodSeconds <= 0)
        {
            errors.Invalid(path.Child("periodSeconds"), policy.PeriodSeconds, "must be greater than zero");
        }
        if (policy.PeriodSeconds > MaxPeriodSeconds)
        {
            errors.Invalid(path.Child("periodSeconds"), policy.PeriodSeconds, $"must be less than or equal to {MaxPeriodSeconds}");
        }
    }
}
