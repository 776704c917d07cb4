using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;

namespace Cluster.Scheduler.Snapshot;

/// <summary>A node with the pods on it and what they take. Immutable: a change makes a new one.</summary>
public sealed class NodeState
{
    private readonly PodFacts[] _pods;

    private NodeState(string name, Node? node, ResourceAmounts allocatable, PodFacts[] pods, ResourceAmounts requested)
    {
        Name = name;
        KnownNode = node;
        Allocatable = allocatable;
        _pods = pods;
        Requested = requested;
        foreach (var pod in pods)
        {
            ScoredMilliCpu += pod.ScoredMilliCpu;
            ScoredMemory += pod.ScoredMemory;
            HasAffinities |= pod.RequiredAntiAffinity.Count + pod.PreferredAffinity.Count + pod.PreferredAntiAffinity.Count + pod.RequiredAffinity.Count > 0;
        }
    }

    public string Name { get; }

    /// <summary>The node object; plug-ins only see states that have one.</summary>
    public Node Node => KnownNode!;

    public IDictionary<string, string> Labels => Node.Metadata.Labels;

    public IReadOnlyList<PodFacts> Pods => _pods;

    public ResourceAmounts Allocatable { get; }

    public ResourceAmounts Requested { get; }

    /// <summary>The sum of the pods' <see cref="PodFacts.ScoredMilliCpu"/>.</summary>
    public long ScoredMilliCpu { get; }

    /// <summary>The sum of the pods' <see cref="PodFacts.ScoredMemory"/>.</summary>
    public long ScoredMemory { get; }

    /// <summary>Some pod here has a say on who comes near it.</summary>
    public bool HasAffinities { get; }

    // Null for a node whose pods are known before itself.
    internal Node? KnownNode { get; }

    internal bool IsEmpty => KnownNode is null && _pods.Length == 0;

    internal static NodeState Named(string name) => new(name, null, ResourceAmounts.None, [], ResourceAmounts.None);

    internal NodeState With(Node? node) =>
        new(Name, node, AllocatableOf(node), _pods, Requested);

    internal NodeState With(PodFacts pod) => new(Name, KnownNode, Allocatable, [.. _pods, pod], Requested.Plus(pod.Requests));

    internal NodeState Without(PodFacts pod) =>
        new(Name, KnownNode, Allocatable, [.. _pods.Where(other => other != pod)], Requested.Minus(pod.Requests));

    private static ResourceAmounts AllocatableOf(Node? node) => node?.Status is { } status
        ? ResourceAmounts.Of(status.Allocatable.Select(amount => KeyValuePair.Create(amount.Key, QuantityValue.From(amount.Value))))
        : ResourceAmounts.None;
}
