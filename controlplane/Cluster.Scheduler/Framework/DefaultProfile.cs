using Cluster.Scheduler.Plugins;

namespace Cluster.Scheduler.Framework;

/// <summary>The profile of the default scheduler. A plug-in is registered by its line here.</summary>
public static class DefaultProfile
{
    public const string SchedulerName = "default-scheduler";

    /// <summary>The built-in plug-ins under a scheduler's name; add to the lists to make your own.</summary>
    public static SchedulingProfile Create(string schedulerName = SchedulerName) => new(
        schedulerName,
        [
            new NodeUnschedulable(),
            new NodeName(),
            new TaintToleration(),
            new NodeReady(),
            new NodeAffinity(),
            new NodePorts(),
            new NodeResourcesFit(),
            new PodTopologySpread(),
            new InterPodAffinity(),
        ],
        [
            new(new NodeResourcesBalancedAllocation(), 1),
            new(new NodeResourcesLeastAllocated(), 1),
            new(new InterPodAffinity(), 1),
            new(new NodeAffinity(), 1),
            new(new TaintToleration(), 1),
            new(new SelectorSpread(), 2), // Kubernetes' weight of spreading, so that it outweighs one free node's resources
        ]);
}
