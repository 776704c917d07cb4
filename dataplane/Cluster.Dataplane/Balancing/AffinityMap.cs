using System.Collections.Concurrent;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>Client addresses and the backend each was given, for one service port. Reads take no lock; bounded.</summary>
public sealed class AffinityMap
{
    /// <summary>
    /// 65,536 clients at about 120 bytes each: 8 MB for a service at worst. Beyond it, so that a flood of addresses cannot grow the proxy,
    /// those go that were away for the longest.
    /// </summary>
    public const int Capacity = 65_536;

    private readonly ConcurrentDictionary<ClientAddress, Entry> _entries = new();
    private int _count;
    private int _clearing;

    /// <summary>What is freed at once: a walk over all of them is paid for by as many new clients.</summary>
    private const int Part = Capacity / 8;

    /// <summary>One in so many is asked when it was here last, to know who was away for the longest.</summary>
    private const int SampleEvery = 64;

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
        while (true)
        {
            if (_entries.TryAdd(client, entry))
            {
                Interlocked.Increment(ref _count);
                return;
            }

            if (_entries.TryGetValue(client, out var before) && _entries.TryUpdate(client, entry, before)) return;
        }
    }

    /// <summary>What is remembered, as far as it stays while it is looked at.</summary>
    internal IEnumerable<(ClientAddress Client, Backend Backend, long LastUse)> Entries() =>
        _entries.Select(pair => (pair.Key, pair.Value.Backend, Volatile.Read(ref pair.Value.LastUse)));

    private void MakeRoom(long now, long timeout)
    {
        // One loop does it; the others add theirs beyond the bound meanwhile.
        if (Interlocked.Exchange(ref _clearing, 1) != 0) return;
        var expired = now - timeout;
        var oldest = LongestAway();
        foreach (var (client, entry) in _entries)
        {
            var lastUse = Volatile.Read(ref entry.LastUse);
            if (lastUse <= expired || (lastUse <= oldest && Count > Capacity - Part)) Remove(client);
        }

        Volatile.Write(ref _clearing, 0);
    }

    // The last use that about the part to be freed is not later than.
    private long LongestAway()
    {
        var sample = new List<long>(Capacity / SampleEvery + 1);
        var at = 0;
        foreach (var (_, entry) in _entries)
            if (at++ % SampleEvery == 0) sample.Add(Volatile.Read(ref entry.LastUse));
        sample.Sort();
        return sample.Count == 0 ? long.MinValue : sample[Math.Min(sample.Count - 1, sample.Count * Part / Capacity)];
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
