using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;

namespace Cluster.Controllers.Replication;

/// <summary>ReplicaSets for the engine.</summary>
internal sealed class ReplicaSetKind : IReplicaKind<ReplicaSet>
{
    private const string FailureType = "ReplicaFailure";

    public string Component => "replicaset-controller";

    public int Replicas(ReplicaSet owner) => owner.Spec.HasReplicas ? owner.Spec.Replicas : 1;

    public int MinReadySeconds(ReplicaSet owner) => owner.Spec.MinReadySeconds;

    public LabelSelector Selector(ReplicaSet owner) => LabelSelector.From(owner.Spec.Selector);

    public PodTemplateSpec Template(ReplicaSet owner) => owner.Spec.Template;

    public ReplicaCounts Counts(ReplicaSet owner)
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

    public Task<ReplicaSet> UpdateStatusAsync(IApiClient client, ReplicaSet owner, ReplicaCounts counts, CancellationToken cancellationToken)
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
            status.Conditions.Add(new ReplicaSetCondition
            {
                Type = FailureType, Status = "True", Reason = failure.Reason, Message = failure.Message, LastTransitionTime = failure.Since.ToTime(),
            });
        }

        return client.UpdateStatusAsync(updated, cancellationToken);
    }
}
