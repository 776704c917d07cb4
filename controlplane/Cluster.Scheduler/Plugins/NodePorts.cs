using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>A host port can be had once a node.</summary>
internal sealed class NodePorts : IFilterPlugin
{
    private static readonly string[] Taken = ["node(s) didn't have free ports for the requested pod ports"];

    public string Name => nameof(NodePorts);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.PodGone;

    public NodeFilter? Prepare(SchedulingCycle cycle)
    {
        var wanted = cycle.Pod.HostPorts;
        return wanted.Count == 0 ? null : node => Clashes(wanted, node) ? Taken : null;
    }

    private static bool Clashes(IReadOnlyList<HostPort> wanted, NodeState node) =>
        node.Pods.Any(pod => pod.HostPorts.Any(used => wanted.Any(port => port.ClashesWith(used))));
}
