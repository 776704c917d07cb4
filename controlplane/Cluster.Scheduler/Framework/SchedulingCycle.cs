using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Framework;

/// <summary>One attempt to place one pod, and the cluster as it is for that attempt.</summary>
/// <param name="Pod">The pod to place.</param>
/// <param name="Nodes">Every node; what is bound and what is about to be bound is counted in.</param>
/// <param name="Cluster">The other kinds that plug-ins look at.</param>
public sealed record SchedulingCycle(PendingPod Pod, IReadOnlyList<NodeState> Nodes, IClusterView Cluster);
