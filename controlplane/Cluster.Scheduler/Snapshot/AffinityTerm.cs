using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Scheduler.Framework;

namespace Cluster.Scheduler.Snapshot;

/// <summary>Pods that a pod wants near or far, and what near means. Immutable.</summary>
public sealed class AffinityTerm
{
    private readonly LabelSelector _pods;
    private readonly LabelSelector _namespaces;
    private readonly HashSet<string> _names;

    private AffinityTerm(PodAffinityTerm term, string ownNamespace, int weight)
    {
        _pods = LabelSelector.From(term.LabelSelector);
        _namespaces = LabelSelector.From(term.NamespaceSelector);
        _names = [.. term.Namespaces];
        if (_names.Count == 0 && term.NamespaceSelector is null)
            _names.Add(ownNamespace);
        TopologyKey = term.TopologyKey;
        Weight = weight;
    }

    /// <summary>Nodes with the same value of this label are near each other.</summary>
    public string TopologyKey { get; }

    /// <summary>1 to 100 for a preferred term, 0 for a required one.</summary>
    public int Weight { get; }

    public bool Matches(PodFacts pod, IClusterView cluster) => MatchesNamespace(pod.Key.Namespace, cluster) && _pods.Matches(pod.Labels);

    internal static AffinityTerm[] Required(IEnumerable<PodAffinityTerm>? terms, string ownNamespace) =>
        terms is null ? [] : [.. terms.Select(term => new AffinityTerm(term, ownNamespace, 0))];

    internal static AffinityTerm[] Preferred(IEnumerable<WeightedPodAffinityTerm>? terms, string ownNamespace) =>
        terms is null ? [] : [.. terms.Where(term => term.PodAffinityTerm is not null).Select(term => new AffinityTerm(term.PodAffinityTerm, ownNamespace, term.Weight))];

    private bool MatchesNamespace(string ns, IClusterView cluster) =>
        _names.Contains(ns) || _namespaces.IsEmpty || _namespaces.Matches(cluster.LabelsOfNamespace(ns));
}
