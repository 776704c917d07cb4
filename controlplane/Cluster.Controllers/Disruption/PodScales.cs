using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Disruption;

/// <summary>How many pods those who make them are to have.</summary>
internal sealed class PodScales(
    Informer<Deployment> deployments, Informer<ReplicaSet> replicaSets, Informer<StatefulSet> statefulSets, Informer<ReplicationController> controllers)
{
    /// <summary>The uid and the replicas of the pod's controller, of its Deployment where it has one; null: it is of a kind that has no scale.</summary>
    public (string Uid, int Replicas)? Of(Pod pod)
    {
        if (OwnerReferences.ControllerOf(pod) is not { } owner)
        {
            return null;
        }

        var ns = pod.Metadata.Namespace;
        return owner.Kind switch
        {
            "ReplicaSet" when replicaSets.Get(ns, owner.Name) is { } set && set.Metadata.Uid == owner.Uid => DeploymentOf(set) ?? (owner.Uid, set.Spec.Replicas),
            "StatefulSet" when statefulSets.Get(ns, owner.Name) is { } set && set.Metadata.Uid == owner.Uid => (owner.Uid, set.Spec.Replicas),
            "ReplicationController" when controllers.Get(ns, owner.Name) is { } set && set.Metadata.Uid == owner.Uid => (owner.Uid, set.Spec.Replicas),
            _ => null,
        };
    }

    private (string Uid, int Replicas)? DeploymentOf(ReplicaSet set) =>
        OwnerReferences.ControllerOf(set) is { Kind: "Deployment" } owner
        && deployments.Get(set.Metadata.Namespace, owner.Name) is { } deployment && deployment.Metadata.Uid == owner.Uid
            ? (owner.Uid, deployment.Spec.Replicas) : null;
}
