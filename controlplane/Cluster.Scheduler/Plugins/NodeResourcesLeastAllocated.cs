using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>The more of its cpu and memory a node would have left, the better.</summary>
internal sealed class NodeResourcesLeastAllocated : IScorePlugin
{
    public string Name => nameof(NodeResourcesLeastAllocated);

    public void Score(SchedulingCycle cycle, IReadOnlyList<NodeState> nodes, Span<long> scores)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            var node = nodes[i];
            var cpu = Free(node.Allocatable.MilliCpu, node.ScoredMilliCpu + cycle.Pod.ScoredMilliCpu);
            var memory = Free(node.Allocatable.Memory, node.ScoredMemory + cycle.Pod.ScoredMemory);
            scores[i] = (cpu + memory) / 2;
        }
    }

    // By double: 100 times the bytes of a large node still fit a long, but not of every value an API object can hold.
    private static long Free(long allocatable, long requested) =>
        allocatable <= 0 || requested > allocatable ? 0 : (long)((double)(allocatable - requested) * Scores.Max / allocatable);
}
