using System.Collections.Concurrent;
using System.Collections.Immutable;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.WatchCache;

/// <summary>The pods of each node, by key. Written by the store feed before a change becomes visible; read freely.</summary>
internal sealed class NodePods
{
    private readonly ConcurrentDictionary<string, ImmutableDictionary<string, ObjectVersion>> _byNode = new(StringComparer.Ordinal);

    public IEnumerable<ObjectVersion> On(string node) => _byNode.TryGetValue(node, out var pods) ? pods.Values : [];

    public void Change(ObjectVersion? previous, ObjectVersion? current)
    {
        var from = NodeOf(previous);
        var to = NodeOf(current);
        if (from is not null && from != to)
            _byNode[from] = On(from, previous!.Key, null);
        if (to is not null)
            _byNode[to] = On(to, current!.Key, current);
    }

    private static string? NodeOf(ObjectVersion? version) => (version?.Object as Pod)?.Spec?.NodeName is { Length: > 0 } node ? node : null;

    private ImmutableDictionary<string, ObjectVersion> On(string node, string key, ObjectVersion? version)
    {
        var pods = _byNode.GetValueOrDefault(node) ?? ImmutableDictionary<string, ObjectVersion>.Empty;
        return version is null ? pods.Remove(key) : pods.SetItem(key, version);
    }
}
