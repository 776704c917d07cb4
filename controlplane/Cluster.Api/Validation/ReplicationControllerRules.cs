using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

internal sealed class ReplicationControllerRules : KindRules<ReplicationController>
{
    protected override void Check(ReplicationController obj, FieldErrors errors)
    {
        var (spec, path) = (obj.Spec ?? new ReplicationControllerSpec(), FieldPath.Spec);
        errors.NotNegative(path.Child("minReadySeconds"), spec.MinReadySeconds);
        if (spec.Selector.Count == 0)
        {
            errors.Required(path.Child("selector"));
        }
        errors.NotNegative(path.Child("replicas"), spec.Replicas);
        PodTemplateRules.OfController(
            spec.Template, Selectors.LabelSelector.From(spec.Selector), "ReplicationController", path.Child("template"), errors);
    }

    protected override void CheckStatus(ReplicationController obj, ReplicationController before, FieldErrors errors)
    {
        if (obj.Status is { } status)
        {
            new ReplicaCounts(
                status.Replicas, status.FullyLabeledReplicas, status.ReadyReplicas, status.AvailableReplicas, status.ObservedGeneration)
                .Check(errors);
        }
    }
}
