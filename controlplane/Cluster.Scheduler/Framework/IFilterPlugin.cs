using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Framework;

/// <summary>Why a pod does not fit a node, in Kubernetes' words; null: it fits.</summary>
public delegate IReadOnlyList<string>? NodeFilter(NodeState node);

/// <summary>Says on which nodes a pod can run. Stateless; called from the scheduling loop alone.</summary>
public interface IFilterPlugin
{
    string Name { get; }

    /// <summary>What can make a pod fit that this plug-in rejected: until then it is not tried again.</summary>
    ClusterEvents WakesOn { get; }

    /// <summary>Looks at the pod once; the result is asked for each node. Null: the pod has nothing this plug-in is about.</summary>
    NodeFilter? Prepare(SchedulingCycle cycle);
}
