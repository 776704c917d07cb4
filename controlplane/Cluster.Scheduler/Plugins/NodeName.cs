using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>A pod that names its node goes there or nowhere.</summary>
internal sealed class NodeName : IFilterPlugin
{
    private static readonly string[] Other = ["node(s) didn't match the requested node name"];

    public string Name => nameof(NodeName);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded;

    public NodeFilter? Prepare(SchedulingCycle cycle)
    {
        var name = cycle.Pod.Spec.NodeName;
        return name.Length == 0 ? null : node => node.Name == name ? null : Other;
    }
}
