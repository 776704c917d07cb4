using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>The backends that one connection has tried in vain: each is tried once. For one thread at a time; made by the first failure and reused.</summary>
public sealed class TriedBackends
{
    private readonly List<Backend> _backends = [];

    public int Count => _backends.Count;

    public void Add(Backend backend) => _backends.Add(backend);

    /// <summary>The same pod at the same place counts as tried, whichever table it was picked from.</summary>
    public bool Contains(Backend backend)
    {
        foreach (var tried in _backends)
            if (ReferenceEquals(tried, backend) || tried.IsSameAs(backend)) return true;
        return false;
    }

    public void Clear() => _backends.Clear();
}
