using Cluster.Api.Selectors;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>The nodes a pod selects by their labels (nodeSelector and required affinity), and those it prefers.</summary>
internal sealed class NodeAffinity : IFilterPlugin, IScorePlugin
{
    private static readonly string[] NotSelected = ["node(s) didn't match Pod's node affinity/selector"];

    public string Name => nameof(NodeAffinity);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels;

    public NodeFilter? Prepare(SchedulingCycle cycle) =>
        Selector(cycle.Pod) is { } selects ? node => selects(node) ? null : NotSelected : null;

    public void Score(SchedulingCycle cycle, IReadOnlyList<NodeState> nodes, Span<long> scores)
    {
        var preferred = cycle.Pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution;
        if (preferred is null || preferred.Count == 0)
            return;
        var terms = preferred.Where(term => term.Preference is not null).Select(term => (Nodes: new NodeSelection(term.Preference), term.Weight)).ToArray();
        for (var i = 0; i < nodes.Count; i++)
            scores[i] = terms.Sum(term => term.Nodes.Matches(nodes[i].Name, nodes[i].Labels) ? term.Weight : 0L);
        Scores.Normalize(scores);
    }

    /// <summary>Whether the pod selects a node; null if it selects all.</summary>
    internal static Predicate<NodeState>? Selector(PendingPod pod)
    {
        var labels = pod.Spec.NodeSelector;
        var terms = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        if (labels.Count == 0 && terms is null)
            return null;
        var selections = terms?.Select(term => new NodeSelection(term)).ToArray();
        return node => HasLabels(node, labels) && (selections is null || Array.Exists(selections, selection => selection.Matches(node.Name, node.Labels)));
    }

    private static bool HasLabels(NodeState node, IDictionary<string, string> labels)
    {
        foreach (var (key, value) in labels)
        {
            if (!node.Labels.TryGetValue(key, out var actual) || actual != value)
                return false;
        }

        return true;
    }
}
