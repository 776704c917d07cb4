using Cluster.Api.PolicyV1;

namespace Cluster.Api.Validation;

internal sealed class PodDisruptionBudgetRules : KindRules<PodDisruptionBudget>
{
    protected override void Check(PodDisruptionBudget obj, FieldErrors errors)
    {
        var (spec, path) = (obj.Spec ?? new PodDisruptionBudgetSpec(), FieldPath.Spec);
        if (spec is { MinAvailable: not null, MaxUnavailable: not null })
        {
            errors.Invalid(path, spec, "minAvailable and maxUnavailable cannot be both set");
        }
        IntOrPercentRules.Check(spec.MinAvailable, path.Child("minAvailable"), errors);
        IntOrPercentRules.AtMostAll(spec.MinAvailable, path.Child("minAvailable"), errors);
        IntOrPercentRules.Check(spec.MaxUnavailable, path.Child("maxUnavailable"), errors);
        IntOrPercentRules.AtMostAll(spec.MaxUnavailable, path.Child("maxUnavailable"), errors);
        LabelSelectorRules.Check(spec.Selector, path.Child("selector"), errors);
        if (spec.HasUnhealthyPodEvictionPolicy && spec.UnhealthyPodEvictionPolicy is not ("AlwaysAllow" or "IfHealthyBudget"))
        {
            errors.NotSupported(
                path.Child("unhealthyPodEvictionPolicy"), spec.UnhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"]);
        }
    }

    protected override void CheckStatus(PodDisruptionBudget obj, PodDisruptionBudget before, FieldErrors errors)
    {
        var (status, path) = (obj.Status ?? new PodDisruptionBudgetStatus(), FieldPath.Status);
        errors.NotNegative(path.Child("disruptionsAllowed"), status.DisruptionsAllowed);
        errors.NotNegative(path.Child("currentHealthy"), status.CurrentHealthy);
        errors.NotNegative(path.Child("desiredHealthy"), status.DesiredHealthy);
        errors.NotNegative(path.Child("expectedPods"), status.ExpectedPods);
    }
}
