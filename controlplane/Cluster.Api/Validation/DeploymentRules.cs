using Cluster.Api.AppsV1;

namespace Cluster.Api.Validation;

internal sealed class DeploymentRules : KindRules<Deployment>
{
    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(Deployment obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new DeploymentSpec();
        errors.NotNegative(Spec.Child("replicas"), spec.Replicas);
        var selector = ReplicaSetRules.Selector(spec.Selector, Spec.Child("selector"), errors);
        PodTemplateRules.OfController(
            spec.Template ?? new CoreV1.PodTemplateSpec(), selector, "ReplicaSet", Spec.Child("template"), errors);
        Strategy(spec.Strategy ?? new DeploymentStrategy(), Spec.Child("strategy"), errors);
        errors.NotNegative(Spec.Child("minReadySeconds"), spec.MinReadySeconds);
        errors.NotNegative(Spec.Child("revisionHistoryLimit"), spec.RevisionHistoryLimit);
        errors.NotNegative(Spec.Child("progressDeadlineSeconds"), spec.ProgressDeadlineSeconds);
        if (spec.HasProgressDeadlineSeconds && spec.ProgressDeadlineSeconds <= spec.MinReadySeconds)
        {
            errors.Invalid(Spec.Child("progressDeadlineSeconds"), spec.ProgressDeadlineSeconds, "must be greater than minReadySeconds");
        }
    }

    protected override void CheckUpdate(Deployment obj, Deployment before, FieldErrors errors) =>
        errors.Unchanged(Spec.Child("selector"), obj.Spec?.Selector, before.Spec?.Selector);

    protected override void CheckStatus(Deployment obj, Deployment before, FieldErrors errors)
    {
        if (obj.Status is not { } status)
        {
            return;
        }
        new ReplicaCounts(status.Replicas, null, status.ReadyReplicas, status.AvailableReplicas, status.ObservedGeneration).Check(errors);
        errors.NotNegative(FieldPath.Status.Child("updatedReplicas"), status.UpdatedReplicas);
        errors.NotNegative(FieldPath.Status.Child("unavailableReplicas"), status.UnavailableReplicas);
        ReplicaCounts.PartOf(
            status.UpdatedReplicas, status.Replicas, "updatedReplicas", "cannot be greater than status.replicas", errors);
        errors.NotNegative(FieldPath.Status.Child("collisionCount"), status.CollisionCount);
        if (before.Status is { HasCollisionCount: true } old && status.CollisionCount < old.CollisionCount)
        {
            errors.Invalid(FieldPath.Status.Child("collisionCount"), status.CollisionCount, "cannot be decremented");
        }
    }

    private static void Strategy(DeploymentStrategy strategy, FieldPath path, FieldErrors errors)
    {
        switch (strategy.Type)
        {
            case "Recreate" when strategy.RollingUpdate is not null:
                errors.Forbidden(path.Child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "Recreate":
                break;
            case "RollingUpdate" when strategy.RollingUpdate is { } rolling:
                RollingUpdate(rolling, path.Child("rollingUpdate"), errors);
                break;
            case "RollingUpdate":
                errors.Required(path.Child("rollingUpdate"), "this should be defaulted and never be nil");
                break;
            default:
                errors.NotSupported(path, strategy.Type, ["Recreate", "RollingUpdate"]);
                break;
        }
    }

    private static void RollingUpdate(RollingUpdateDeployment rolling, FieldPath path, FieldErrors errors)
    {
        var unavailable = path.Child("maxUnavailable");
        IntOrPercentRules.Check(rolling.MaxUnavailable, unavailable, errors);
        IntOrPercentRules.Check(rolling.MaxSurge, path.Child("maxSurge"), errors);
        if (IntOrPercentRules.Amount(rolling.MaxUnavailable) == 0 && IntOrPercentRules.Amount(rolling.MaxSurge) == 0)
        {
            errors.Invalid(unavailable, rolling.MaxUnavailable ?? new IntStr.IntOrString(), "may not be 0 when `maxSurge` is 0");
        }
        IntOrPercentRules.AtMostAll(rolling.MaxUnavailable, unavailable, errors);
    }
}
