using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;

namespace Cluster.Controllers.Replication;

/// <summary>ReplicationControllers for the engine.</summary>
internal sealed class ReplicationControllerKind : IReplicaKind<ReplicationController>
{
    private const string FailureType = "ReplicaFailure";

    public string Component => "replication-controller";

    public int Replicas(ReplicationController owner) => owner.Spec.HasReplicas ? owner.Spec.Replicas : 1;

    public int MinReadySeconds(ReplicationController owner) => owner.Spec.MinReadySeconds;

    /// <summary>An empty selector is the API server's default, the template's labels, not yet there: it selects nothing.</summary>
    public LabelSelector Selector(ReplicationController owner) =>
        owner.Spec.Selector.Count == 0 ? LabelSelector.Nothing : LabelSelector.From(owner.Spec.Selector);

    public PodTemplateSpec Template(ReplicationController owner) => owner.Spec.Template ?? new();

    public ReplicaCounts Counts(ReplicationController owner)
    {
        var status = owner.Status ?? new();
        var failure = status.Conditions.FirstOrDefault(condition => condition.Type == FailureType);
        return new(
            status.Replicas,
            status.FullyLabeledReplicas,
            status.ReadyReplicas,
            status.AvailableReplicas,
            status.ObservedGeneration,
            failure is null ? null : new(failure.Reason, failure.Message, failure.LastTransitionTime.ToDateTimeOffset()));
    }

    public Task<ReplicationController> UpdateStatusAsync(
        IApiClient client, ReplicationController owner, ReplicaCounts counts, CancellationToken cancellationToken)
    {
        var updated = owner.Clone();
        var status = updated.Status ??= new();
        status.Replicas = counts.Replicas;
        status.FullyLabeledReplicas = counts.FullyLabeled;
        status.ReadyReplicas = counts.Ready;
        status.AvailableReplicas = counts.Available;
        status.ObservedGeneration = counts.ObservedGeneration;
        if (status.Conditions.FirstOrDefault(condition => condition.Type == FailureType) is { } old)
        {
            status.Conditions.Remove(old);
        }

        if (counts.Failure is { } failure)
        {
            status.Conditions.Add(new ReplicationControllerCondition
            {
                Type = FailureType, Status = "True", Reason = failure.Reason, Message = failure.Message, LastTransitionTime = failure.Since.ToTime(),
            });
        }

        return client.UpdateStatusAsync(updated, cancellationToken);
    }
}
