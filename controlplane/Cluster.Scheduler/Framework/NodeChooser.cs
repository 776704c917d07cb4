using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Framework;

/// <summary>A node for a pod, or why there is none.</summary>
public readonly record struct Choice(NodeState? Node, FitFailure? Failure);

/// <summary>Asks a profile's plug-ins: filters first, then scores. Used by the scheduling loop alone.</summary>
/// <param name="random">Breaks ties, so that equal nodes fill equally.</param>
public sealed class NodeChooser(Random random)
{
    // Kubernetes' numbers: up to this many nodes all are examined, of more a share that shrinks as they grow.
    private const int ExamineAll = 100;
    private const int FirstShare = 50;
    private const int NodesPerShare = 125;
    private const int LeastShare = 5;

    private int _start;

    public Choice Choose(SchedulingProfile profile, SchedulingCycle cycle)
    {
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentNullException.ThrowIfNull(cycle);
        if (cycle.Nodes.Count == 0)
            return new Choice(null, FitFailure.NoNodes);
        var fitting = Filter(profile, cycle, out var failure);
        return failure is not null ? new Choice(null, failure) : new Choice(Best(profile, cycle, fitting), null);
    }

    // How many fitting nodes are enough.
    private static int Enough(int nodes) =>
        nodes <= ExamineAll ? nodes : Math.Max(ExamineAll, nodes * Math.Max(LeastShare, FirstShare - nodes / NodesPerShare) / 100);

    private List<NodeState> Filter(SchedulingProfile profile, SchedulingCycle cycle, out FitFailure? failure)
    {
        var filters = profile.Filters.Select(plugin => (Plugin: plugin, Check: plugin.Prepare(cycle))).Where(filter => filter.Check is not null).ToArray();
        var fitting = new List<NodeState>();
        var reasons = new Dictionary<string, int>();
        var wakesOn = ClusterEvents.None;
        var (count, enough, examined) = (cycle.Nodes.Count, Enough(cycle.Nodes.Count), 0);
        for (; examined < count && fitting.Count < enough; examined++)
        {
            var node = cycle.Nodes[(_start + examined) % count];
            var rejectedBy = Array.Find(filters, filter => Rejects(filter.Check!, node, reasons)).Plugin;
            if (rejectedBy is null)
                fitting.Add(node);
            else
                wakesOn |= rejectedBy.WakesOn;
        }

        _start = (_start + examined) % count; // the next pod begins where this one stopped
        failure = fitting.Count == 0 ? FitFailure.Of(count, reasons, wakesOn) : null;
        return fitting;
    }

    private static bool Rejects(NodeFilter filter, NodeState node, Dictionary<string, int> reasons)
    {
        if (filter(node) is not { } given)
            return false;
        foreach (var reason in given)
            reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
        return true;
    }

    private NodeState Best(SchedulingProfile profile, SchedulingCycle cycle, List<NodeState> nodes)
    {
        if (nodes.Count == 1)
            return nodes[0];
        var totals = new long[nodes.Count];
        var scores = new long[nodes.Count];
        foreach (var (plugin, weight) in profile.Scores)
        {
            Array.Clear(scores);
            plugin.Score(cycle, nodes, scores);
            for (var i = 0; i < totals.Length; i++)
                totals[i] += weight * scores[i];
        }

        var best = totals.Max();
        var candidates = Enumerable.Range(0, nodes.Count).Where(i => totals[i] == best).ToArray();
        return nodes[candidates[random.Next(candidates.Length)]];
    }
}
