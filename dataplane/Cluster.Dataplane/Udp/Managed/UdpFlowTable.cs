using System.Collections.Concurrent;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>All UDP flows of one bound. Look-ups take no lock and allocate nothing.</summary>
internal sealed class UdpFlowTable(int capacity, UdpCounts counts)
{
    /// <summary>
    /// Making room looks at every flow, so it makes room for a sixteenth of them: a flood of new clients then pays one look at
    /// sixteen flows for each of its own.
    /// </summary>
    private const int EvictedShare = 16;

    private readonly ConcurrentDictionary<UdpSessionKey, UdpFlow> _flows = new();
    private int _capacity = capacity;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The flows there are, some of which may have closed themselves. For rare work: a copy.</summary>
    public ICollection<UdpFlow> All => _flows.Values;

    /// <summary>The flow of a key; it may have closed itself, and is to be removed then.</summary>
    public UdpFlow? Find(in UdpSessionKey key) => _flows.GetValueOrDefault(key);

    /// <summary>Holds half as many at most from now on; the next that is added makes room.</summary>
    public void Halve() => Volatile.Write(ref _capacity, Math.Max(1, _capacity / 2));

    public void Add(UdpFlow flow)
    {
        if (_flows.TryGetValue(flow.Key, out var closed)) Remove(closed);
        _flows[flow.Key] = flow;
        Interlocked.Increment(ref _count);
        Interlocked.Increment(ref counts.Opened);
        if (Count > Volatile.Read(ref _capacity)) EvictOldest();
    }

    /// <summary>Closes the flow and forgets it; one that took its key since is left alone.</summary>
    public void Remove(UdpFlow flow)
    {
        flow.Dispose();
        if (!_flows.TryRemove(KeyValuePair.Create(flow.Key, flow))) return;
        Interlocked.Decrement(ref _count);
        Interlocked.Increment(ref counts.Closed);
    }

    /// <summary>Has every flow tell its backend's bytes, and ends those that were silent for too long.</summary>
    public void RemoveIdle() => RemoveWhere(flow =>
    {
        flow.Report();
        if (!flow.IsIdle) return false;
        if (flow is UdpQuestion { IsAsked: true })
        {
            Interlocked.Increment(ref counts.Unanswered);
            flow.Backend.State.Failed();
        }

        return true;
    });

    public void RemoveAll() => RemoveWhere(static _ => true);

    /// <summary>Ends the flows of a service port whose backend may no longer answer: their next datagram goes to another.</summary>
    public void RemoveUnserved(ServiceEntry entry) => RemoveWhere(flow =>
    {
        if (flow.Frontend.Frontend.Slot != entry.Slot || flow.Frontend.Serves(flow, entry)) return false;
        if (flow is not UdpQuestion { IsAsked: true } question) return true;
        // A question under way may still be answered: the backend has only just been told to end.
        question.IsRetired = true;
        return false;
    });

    public void RemoveFrontend(int frontend) => RemoveWhere(flow => flow.Key.Frontend == frontend);

    public void EvictOldest()
    {
        var uses = _flows.Values.Select(flow => flow.LastUse).Order().ToArray();
        if (uses.Length == 0) return;
        Interlocked.Add(ref counts.Evicted, RemoveWhere(flow => flow.LastUse <= uses[uses.Length / EvictedShare]));
    }

    private int RemoveWhere(Func<UdpFlow, bool> condition)
    {
        var removed = 0;
        foreach (var (_, flow) in _flows)
        {
            if (!condition(flow)) continue;
            Remove(flow);
            removed++;
        }

        return removed;
    }
}
