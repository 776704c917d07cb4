using System.Collections.Concurrent;
using System.Collections.Immutable;
using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.WatchCache;

/// <summary>The pods of each node, by key. Written by the store feed before a change becomes visible; read freely.</summary>
internal sealed class NodePods
{
    private readonly ConcurrentDictionary<string, ImmutableDictionary<string, NodePod>> _byNode = new(StringComparer.Ordinal);

    private readonly SharedRequests _requests = new();

    public IEnumerable<NodePod> On(string node) => _byNode.TryGetValue(node, out var pods) ? pods.Values : [];

    /// <summary>Told as an <see cref="IObjectIndex"/> is, of pods alone; it keeps no object.</summary>
    public void Change(ObjectVersion? previous, ObjectVersion? current)
    {
        var from = NodeOf(previous);
        var to = NodeOf(current);
        if (from is not null && from != to)
            _byNode[from] = PodsOf(from).Remove(previous!.Key);
        if (to is not null)
            _byNode[to] = PodsOf(to).SetItem(current!.Key, new NodePod(current.Key, (Pod)current.Object, _requests));
    }

    private static string? NodeOf(ObjectVersion? version) =>
        (version?.Object as Pod)?.Spec?.NodeName is { Length: > 0 } node ? node : null;

    private ImmutableDictionary<string, NodePod> PodsOf(string node) =>
        _byNode.GetValueOrDefault(node) ?? ImmutableDictionary<string, NodePod>.Empty;
}
