using System.Collections.Concurrent;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>Client addresses and the backend each was given, for one service port. Reads take no lock; bounded.</summary>
public sealed class AffinityMap
{
    /// <summary>
    /// 65,536 clients at about 120 bytes each: 8 MB for a service at worst. Beyond it expired entries go first and then, so that a
    /// flood of addresses cannot grow the proxy, the whole map: the next picks fill it again.
    /// </summary>
    public const int Capacity = 65_536;

    private readonly ConcurrentDictionary<ClientAddress, Entry> _entries = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The client's backend unless it was away for the timeout; the use renews it. Times are timestamps of the policy's clock.</summary>
    public Backend? Use(ClientAddress client, long now, long timeout)
    {
        if (!_entries.TryGetValue(client, out var entry) || now - Volatile.Read(ref entry.LastUse) >= timeout) return null;
        Volatile.Write(ref entry.LastUse, now);
        return entry.Backend;
    }

    /// <summary>Gives the client a backend. Allocates the entry.</summary>
    public void Set(ClientAddress client, Backend backend, long now, long timeout)
    {
        if (Count >= Capacity) MakeRoom(now, timeout);
        var entry = new Entry(backend) { LastUse = now };
        if (_entries.TryAdd(client, entry)) Interlocked.Increment(ref _count);
        else _entries[client] = entry;
    }

    /// <summary>What is remembered, as far as it stays while it is looked at.</summary>
    internal IEnumerable<(ClientAddress Client, Backend Backend, long LastUse)> Entries() =>
        _entries.Select(pair => (pair.Key, pair.Value.Backend, Volatile.Read(ref pair.Value.LastUse)));

    private void MakeRoom(long now, long timeout)
    {
        foreach (var (client, entry) in _entries)
            if (now - Volatile.Read(ref entry.LastUse) >= timeout) Remove(client);
        if (Count < Capacity) return;
        foreach (var (client, _) in _entries) Remove(client);
    }

    private void Remove(ClientAddress client)
    {
        if (_entries.TryRemove(client, out _)) Interlocked.Decrement(ref _count);
    }

    private sealed class Entry(Backend backend)
    {
        public readonly Backend Backend = backend;
        public long LastUse;
    }
}
