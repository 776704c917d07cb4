using Cluster.Api.CoreV1;
using Cluster.Scheduler.Framework;

namespace Cluster.Scheduler.Plugins;

/// <summary>A cordoned node takes no new pods but those that tolerate it.</summary>
internal sealed class NodeUnschedulable : IFilterPlugin
{
    private static readonly string[] Cordoned = ["node(s) were unschedulable"];
    private static readonly Taint AsTaint = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };

    public string Name => nameof(NodeUnschedulable);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    public NodeFilter? Prepare(SchedulingCycle cycle) =>
        cycle.Pod.Spec.Tolerates(AsTaint) ? null : node => node.Node.Spec is { Unschedulable: true } ? Cordoned : null;
}
