using System.Collections.Concurrent;
using System.Collections.Immutable;
using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.WatchCache;

/// <summary>The pods of each node, by key. Written by the store feed before a change becomes visible; read freely.</summary>
internal sealed class NodePods : IObjectIndex
{
    private readonly ConcurrentDictionary<string, ImmutableDictionary<string, NodePod>> _byNode = new(StringComparer.Ordinal);

    public IEnumerable<NodePod> On(string node) => _byNode.TryGetValue(node, out var pods) ? pods.Values : [];

    public bool Covers(ResourceType type) => type.Descriptor == Pod.Descriptor;

    public void Change(ResourceType type, string key, IApiObject? previous, IApiObject? current)
    {
        var from = NodeOf(previous);
        var to = NodeOf(current);
        if (from is not null && from != to)
            _byNode[from] = PodsOf(from).Remove(key);
        if (to is not null)
            _byNode[to] = PodsOf(to).SetItem(key, new NodePod(key, (Pod)current!));
    }

    private static string? NodeOf(IApiObject? obj) =>
        (obj as Pod)?.Spec?.NodeName is { Length: > 0 } node ? node : null;

    private ImmutableDictionary<string, NodePod> PodsOf(string node) =>
        _byNode.GetValueOrDefault(node) ?? ImmutableDictionary<string, NodePod>.Empty;
}
