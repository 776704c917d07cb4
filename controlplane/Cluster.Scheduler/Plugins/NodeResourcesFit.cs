using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>What the pods of a node request together must fit what the node has to give.</summary>
internal sealed class NodeResourcesFit : IFilterPlugin
{
    public string Name => nameof(NodeResourcesFit);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeAllocatable | ClusterEvents.PodGone;

    public NodeFilter? Prepare(SchedulingCycle cycle)
    {
        var requests = cycle.Pod.Requests;
        return node => Missing(requests, node);
    }

    private static List<string>? Missing(ResourceAmounts requests, NodeState node)
    {
        List<string>? missing = null;
        var (has, used) = (node.Allocatable, node.Requested);
        if (node.Pods.Count + 1 > has.Other("pods"))
            (missing ??= []).Add("Too many pods");
        Check("cpu", requests.MilliCpu, has.MilliCpu - used.MilliCpu, ref missing);
        Check("memory", requests.Memory, has.Memory - used.Memory, ref missing);
        Check("ephemeral-storage", requests.EphemeralStorage, has.EphemeralStorage - used.EphemeralStorage, ref missing);
        foreach (var (name, amount) in requests.Others)
            Check(name, amount, has.Other(name) - used.Other(name), ref missing);
        return missing;
    }

    private static void Check(string resource, long wanted, long free, ref List<string>? missing)
    {
        if (wanted > 0 && wanted > free)
            (missing ??= []).Add($"Insufficient {resource}");
    }
}
