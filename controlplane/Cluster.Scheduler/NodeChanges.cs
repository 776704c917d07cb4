using Cluster.Api.CoreV1;
using Cluster.Scheduler.Framework;

namespace Cluster.Scheduler;

/// <summary>What of a node's change may let a pod fit; its heartbeats are nothing.</summary>
internal static class NodeChanges
{
    public static ClusterEvents Between(Node old, Node current)
    {
        var changes = ClusterEvents.None;
        if (!Equals(old.Status?.Allocatable, current.Status?.Allocatable))
            changes |= ClusterEvents.NodeAllocatable;
        if (!old.Metadata.Labels.Equals(current.Metadata.Labels))
            changes |= ClusterEvents.NodeLabels;
        if (old.Spec?.Unschedulable != current.Spec?.Unschedulable || !Equals(old.Spec?.Taints, current.Spec?.Taints))
            changes |= ClusterEvents.NodeTaints;
        if (Ready(old) != Ready(current))
            changes |= ClusterEvents.NodeConditions;
        return changes;
    }

    private static string? Ready(Node node) => node.Status?.Conditions.FirstOrDefault(condition => condition.Type == "Ready")?.Status;
}
