namespace Cluster.Scheduler.Framework;

/// <summary>What may happen in the cluster that lets a pod fit which did not before.</summary>
[Flags]
public enum ClusterEvents
{
    None = 0,
    NodeAdded = 1,
    NodeAllocatable = 1 << 1,
    NodeLabels = 1 << 2,
    NodeTaints = 1 << 3,
    NodeConditions = 1 << 4,

    /// <summary>A pod came to a node, or the labels of one there changed.</summary>
    PodPlaced = 1 << 5,

    /// <summary>A pod left its node or ended.</summary>
    PodGone = 1 << 6,

    All = NodeAdded | NodeAllocatable | NodeLabels | NodeTaints | NodeConditions | PodPlaced | PodGone,
}
