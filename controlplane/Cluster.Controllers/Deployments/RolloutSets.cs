using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Deployments;

/// <summary>The replica sets of a deployment and what they come to.</summary>
internal static class RolloutSets
{
    /// <summary>Added to a set, its selector and its pods, so that sets of one deployment do not claim each other's pods.</summary>
    public const string HashLabel = "pod-template-hash";

    public static bool IsActive(ReplicaSet set) => set.Wanted() > 0;

    public static int Wanted(IEnumerable<ReplicaSet> sets) => sets.Sum(set => set.Wanted());

    public static int Actual(IEnumerable<ReplicaSet> sets) => sets.Sum(set => set.Status?.Replicas ?? 0);

    public static int Ready(IEnumerable<ReplicaSet> sets) => sets.Sum(set => set.Status?.ReadyReplicas ?? 0);

    public static int Available(IEnumerable<ReplicaSet> sets) => sets.Sum(Available);

    public static int Available(ReplicaSet set) => set.Status?.AvailableReplicas ?? 0;

    /// <summary>
    /// Available pods that stay. A status is written after the pods are gone: right after a set was made smaller it still counts those that
    /// are on their way out, and whoever trusted it would take away more than may be missing.
    /// </summary>
    public static int Staying(ReplicaSet set) => Math.Min(Available(set), set.Wanted());

    public static IOrderedEnumerable<ReplicaSet> OldestFirst(IEnumerable<ReplicaSet> sets) =>
        sets.OrderBy(Created).ThenBy(set => set.Metadata.Name, StringComparer.Ordinal);

    public static DateTimeOffset Created(ReplicaSet set) => set.Metadata.CreationTimestamp.ToDateTimeOffset();

    /// <summary>The set made from the deployment's template as it is now; the oldest, if there should be several.</summary>
    public static ReplicaSet? FindNew(Deployment deployment, IEnumerable<ReplicaSet> sets)
    {
        var wanted = WithoutHash(deployment.Spec.Template);
        return OldestFirst(sets).FirstOrDefault(set => Same.Meaning(WithoutHash(set.Spec.Template), wanted));
    }

    private static PodTemplateSpec WithoutHash(PodTemplateSpec template)
    {
        var bare = template.Clone();
        bare.Metadata?.Labels.Remove(HashLabel);
        return bare;
    }
}
