using Cluster.Api.AppsV1;

namespace Cluster.Api.Validation;

internal sealed class DaemonSetRules : KindRules<DaemonSet>
{
    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(DaemonSet obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new DaemonSetSpec();
        var template = spec.Template ?? new CoreV1.PodTemplateSpec();
        var selector = ReplicaSetRules.Selector(spec.Selector, Spec.Child("selector"), errors, "daemonset");
        PodTemplateRules.OfController(template, selector, "DaemonSet", Spec.Child("template"), errors);
        errors.NotNegative(Spec.Child("minReadySeconds"), spec.MinReadySeconds);
        Strategy(spec.UpdateStrategy ?? new DaemonSetUpdateStrategy(), Spec.Child("updateStrategy"), errors);
        errors.NotNegative(Spec.Child("revisionHistoryLimit"), spec.RevisionHistoryLimit);
    }

    protected override void CheckUpdate(DaemonSet obj, DaemonSet before, FieldErrors errors) =>
        errors.Unchanged(Spec.Child("selector"), obj.Spec?.Selector, before.Spec?.Selector);

    protected override void CheckStatus(DaemonSet obj, DaemonSet before, FieldErrors errors)
    {
        var (status, path) = (obj.Status ?? new DaemonSetStatus(), FieldPath.Status);
        errors.NotNegative(path.Child("currentNumberScheduled"), status.CurrentNumberScheduled);
        errors.NotNegative(path.Child("numberMisscheduled"), status.NumberMisscheduled);
        errors.NotNegative(path.Child("desiredNumberScheduled"), status.DesiredNumberScheduled);
        errors.NotNegative(path.Child("numberReady"), status.NumberReady);
        errors.NotNegative(path.Child("observedGeneration"), status.ObservedGeneration);
        errors.NotNegative(path.Child("updatedNumberScheduled"), status.UpdatedNumberScheduled);
        errors.NotNegative(path.Child("numberAvailable"), status.NumberAvailable);
        errors.NotNegative(path.Child("numberUnavailable"), status.NumberUnavailable);
        errors.NotNegative(path.Child("collisionCount"), status.CollisionCount);
        if (before.Status is { HasCollisionCount: true } old && status.CollisionCount < old.CollisionCount)
        {
            errors.Invalid(path.Child("collisionCount"), status.CollisionCount, "cannot be decremented");
        }
    }

    private static void Strategy(DaemonSetUpdateStrategy strategy, FieldPath path, FieldErrors errors)
    {
        switch (strategy.Type)
        {
            case "OnDelete":
                break;
            case "RollingUpdate" when strategy.RollingUpdate is { } rolling:
                RollingUpdate(rolling, path.Child("rollingUpdate"), errors);
                break;
            case "RollingUpdate":
                errors.Required(path.Child("rollingUpdate"));
                break;
            default:
                errors.NotSupported(path, strategy.Type, ["RollingUpdate", "OnDelete"]);
                break;
        }
    }

    private static void RollingUpdate(RollingUpdateDaemonSet rolling, FieldPath path, FieldErrors errors)
    {
        IntOrPercentRules.Check(rolling.MaxUnavailable, path.Child("maxUnavailable"), errors);
        IntOrPercentRules.AtMostAll(rolling.MaxUnavailable, path.Child("maxUnavailable"), errors);
        IntOrPercentRules.Check(rolling.MaxSurge, path.Child("maxSurge"), errors);
        IntOrPercentRules.AtMostAll(rolling.MaxSurge, path.Child("maxSurge"), errors);
        var (unavailable, surge) = (IntOrPercentRules.Amount(rolling.MaxUnavailable) != 0, IntOrPercentRules.Amount(rolling.MaxSurge) != 0);
        if (unavailable && surge)
        {
            errors.Invalid(path.Child("maxSurge"), rolling.MaxSurge, "may not be set when maxUnavailable is non-zero");
        }
        else if (!unavailable && !surge)
        {
            errors.Required(path.Child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
        }
    }
}
