using Cluster.Api.CoreV1;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>Taints keep pods off that do not tolerate them; the preferring ones only lower the score.</summary>
internal sealed class TaintToleration : IFilterPlugin, IScorePlugin
{
    public string Name => nameof(TaintToleration);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    public NodeFilter? Prepare(SchedulingCycle cycle)
    {
        var spec = cycle.Pod.Spec;
        return node => Untolerated(spec, node) is { } taint ? [$"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}"] : null;
    }

    public void Score(SchedulingCycle cycle, IReadOnlyList<NodeState> nodes, Span<long> scores)
    {
        for (var i = 0; i < nodes.Count; i++)
            scores[i] = nodes[i].Node.Spec?.Taints.Count(taint => taint.Effect == "PreferNoSchedule" && !cycle.Pod.Spec.Tolerates(taint)) ?? 0;
        Scores.Normalize(scores, reverse: true);
    }

    private static Taint? Untolerated(PodSpec pod, NodeState node)
    {
        foreach (var taint in node.Node.Spec?.Taints ?? [])
        {
            if (taint.Effect is "NoSchedule" or "NoExecute" && !pod.Tolerates(taint))
                return taint;
        }

        return null;
    }
}
