using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>Numbers by topology domain: a label and its value.</summary>
internal sealed class TopologyCounts
{
    private readonly Dictionary<(string Key, string Value), long> _counts = [];

    public bool IsEmpty => _counts.Count == 0;

    /// <summary>Adds to the domain that the node is in; nothing if it has no such label.</summary>
    public void Add(NodeState node, string topologyKey, long amount)
    {
        if (node.Labels.TryGetValue(topologyKey, out var value))
            _counts[(topologyKey, value)] = _counts.GetValueOrDefault((topologyKey, value)) + amount;
    }

    /// <summary>The number of the domain that the node is in.</summary>
    public long Of(NodeState node, string topologyKey) =>
        node.Labels.TryGetValue(topologyKey, out var value) ? _counts.GetValueOrDefault((topologyKey, value)) : 0;

    /// <summary>The sum over all domains that the node is in.</summary>
    public long SumOf(NodeState node)
    {
        long sum = 0;
        foreach (var ((key, value), count) in _counts)
        {
            if (node.Labels.TryGetValue(key, out var actual) && actual == value)
                sum += count;
        }

        return sum;
    }
}
