using Cluster.Api.CoreV1;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>
/// A node that does not say Ready takes only pods that tolerate the not-ready taint. The node controller sets that taint; this covers the time
/// until it does, and clusters without one.
/// </summary>
internal sealed class NodeReady : IFilterPlugin
{
    private static readonly string[] NotReady = ["node(s) were not ready"];
    private static readonly Taint AsTaint = new() { Key = "node.kubernetes.io/not-ready", Effect = "NoSchedule" };

    public string Name => nameof(NodeReady);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeConditions;

    public NodeFilter? Prepare(SchedulingCycle cycle) =>
        cycle.Pod.Spec.Tolerates(AsTaint) ? null : node => IsReady(node) ? null : NotReady;

    private static bool IsReady(NodeState node)
    {
        foreach (var condition in node.Node.Status?.Conditions ?? [])
        {
            if (condition.Type == "Ready")
                return condition.Status == "True";
        }

        return false;
    }
}
