using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>Pods that want to be near others or far from them, both ways: those there have a say on who comes.</summary>
internal sealed class InterPodAffinity : IFilterPlugin, IScorePlugin
{
    // A required term of a pod that is there attracts its like with this weight; Kubernetes' number.
    private const int RequiredTermWeight = 1;

    private static readonly string[] NotNear = ["node(s) didn't match pod affinity rules"];
    private static readonly string[] NotFar = ["node(s) didn't match pod anti-affinity rules"];
    private static readonly string[] Unwelcome = ["node(s) didn't satisfy existing pods anti-affinity rules"];

    public string Name => nameof(InterPodAffinity);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels | ClusterEvents.PodPlaced | ClusterEvents.PodGone;

    public NodeFilter? Prepare(SchedulingCycle cycle)
    {
        var pod = cycle.Pod;
        var unwelcome = CountUnwelcome(cycle);
        // One pod must match all affinity terms to count for any; each anti-affinity term counts by itself.
        var near = pod.RequiredAffinity.Select(term => Count(term.TopologyKey, cycle, MatchesAll)).ToArray();
        var far = pod.RequiredAntiAffinity.Select(term => Count(term.TopologyKey, cycle, other => term.Matches(other, cycle.Cluster))).ToArray();
        if (unwelcome.IsEmpty && near.Length == 0 && far.Length == 0)
            return null;
        // The first of a group that wants to be near itself may go anywhere.
        var isFirst = near.All(counts => counts.IsEmpty) && MatchesAll(pod);
        return node =>
        {
            if (!IsNear(pod.RequiredAffinity, near, node, isFirst))
                return NotNear;
            if (!IsFar(pod.RequiredAntiAffinity, far, node))
                return NotFar;
            return unwelcome.SumOf(node) > 0 ? Unwelcome : null;
        };

        bool MatchesAll(PodFacts other) => pod.RequiredAffinity.All(term => term.Matches(other, cycle.Cluster));
    }

    public void Score(SchedulingCycle cycle, IReadOnlyList<NodeState> nodes, Span<long> scores)
    {
        var pull = new TopologyCounts();
        var hasOwn = cycle.Pod.PreferredAffinity.Count + cycle.Pod.PreferredAntiAffinity.Count > 0;
        foreach (var node in cycle.Nodes)
        {
            if (!hasOwn && !node.HasAffinities)
                continue;
            foreach (var other in node.Pods)
                AddPull(pull, node, cycle.Pod, other, cycle.Cluster);
        }

        if (pull.IsEmpty)
            return;
        for (var i = 0; i < nodes.Count; i++)
            scores[i] = pull.SumOf(nodes[i]);
        Scores.Spread(scores);
    }

    private static void AddPull(TopologyCounts pull, NodeState node, PodFacts pod, PodFacts other, IClusterView cluster)
    {
        Add(pod.PreferredAffinity, other, term => term.Weight);
        Add(pod.PreferredAntiAffinity, other, term => -term.Weight);
        Add(other.PreferredAffinity, pod, term => term.Weight);
        Add(other.PreferredAntiAffinity, pod, term => -term.Weight);
        Add(other.RequiredAffinity, pod, _ => RequiredTermWeight);

        void Add(IReadOnlyList<AffinityTerm> terms, PodFacts wanted, Func<AffinityTerm, int> weight)
        {
            foreach (var term in terms)
            {
                if (term.Matches(wanted, cluster))
                    pull.Add(node, term.TopologyKey, weight(term));
            }
        }
    }

    private static TopologyCounts CountUnwelcome(SchedulingCycle cycle)
    {
        var counts = new TopologyCounts();
        foreach (var node in cycle.Nodes)
        {
            if (!node.HasAffinities)
                continue;
            foreach (var term in node.Pods.SelectMany(pod => pod.RequiredAntiAffinity).Where(term => term.Matches(cycle.Pod, cycle.Cluster)))
                counts.Add(node, term.TopologyKey, 1);
        }

        return counts;
    }

    private static TopologyCounts Count(string topologyKey, SchedulingCycle cycle, Func<PodFacts, bool> matches)
    {
        var counts = new TopologyCounts();
        foreach (var node in cycle.Nodes)
        {
            var matching = node.Pods.Count(matches);
            if (matching > 0)
                counts.Add(node, topologyKey, matching);
        }

        return counts;
    }

    private static bool IsNear(IReadOnlyList<AffinityTerm> terms, TopologyCounts[] counts, NodeState node, bool isFirst)
    {
        for (var i = 0; i < terms.Count; i++)
        {
            var key = terms[i].TopologyKey;
            if (isFirst ? !node.Labels.ContainsKey(key) : counts[i].Of(node, key) == 0)
                return false;
        }

        return true;
    }

    private static bool IsFar(IReadOnlyList<AffinityTerm> terms, TopologyCounts[] counts, NodeState node)
    {
        for (var i = 0; i < terms.Count; i++)
        {
            if (counts[i].Of(node, terms[i].TopologyKey) > 0)
                return false;
        }

        return true;
    }
}
