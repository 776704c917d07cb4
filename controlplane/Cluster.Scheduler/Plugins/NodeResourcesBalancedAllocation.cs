using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>The closer the used shares of cpu and memory would be, the better: a node full of one of them wastes the other.</summary>
internal sealed class NodeResourcesBalancedAllocation : IScorePlugin
{
    public string Name => nameof(NodeResourcesBalancedAllocation);

    public void Score(SchedulingCycle cycle, IReadOnlyList<NodeState> nodes, Span<long> scores)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            var node = nodes[i];
            var cpu = Share(node.ScoredMilliCpu + cycle.Pod.ScoredMilliCpu, node.Allocatable.MilliCpu);
            var memory = Share(node.ScoredMemory + cycle.Pod.ScoredMemory, node.Allocatable.Memory);
            scores[i] = cpu >= 1 || memory >= 1 ? 0 : (long)((1 - Math.Abs(cpu - memory)) * Scores.Max);
        }
    }

    private static double Share(long requested, long allocatable) => allocatable <= 0 ? 1 : (double)requested / allocatable;
}
