using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;

namespace Cluster.Controllers.Replication;

/// <summary>Counts pods for a status.</summary>
internal static class ReplicaCounting
{
    public static ReplicaCounts Count<T>(
        IReplicaKind<T> kind, T owner, IReadOnlyList<Pod> pods, (string Reason, Exception Error)? failure, DateTimeOffset now)
        where T : class, IApiObject, new()
    {
        var template = LabelSelector.From(kind.Template(owner).Metadata?.Labels ?? []);
        var minReady = kind.MinReadySeconds(owner);
        return new(
            pods.Count,
            pods.Count(template.Matches),
            pods.Count(pod => pod.IsReady()),
            pods.Count(pod => Availability.IsAvailable(pod, minReady, now)),
            owner.Metadata.Generation,
            Failure(kind.Counts(owner).Failure, failure, now));
    }

    /// <summary>A failure of the same kind as before keeps its words and its time, or every try would be a write.</summary>
    private static ReplicaFailure? Failure(ReplicaFailure? before, (string Reason, Exception Error)? failure, DateTimeOffset now) =>
        failure is not { } found ? null
        : before?.Reason == found.Reason ? before
        : new(found.Reason, found.Error.Message, now);
}
