using System.Collections.Concurrent;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>All UDP sessions of a relay. Look-ups take no lock and allocate nothing; the number is bounded.</summary>
internal sealed class UdpSessionTable(int capacity)
{
    /// <summary>
    /// Making room looks at every session, so it makes room for a sixteenth of them: a flood of new clients then pays one look at
    /// sixteen sessions for each of its own.
    /// </summary>
    private const int EvictedShare = 16;

    private readonly ConcurrentDictionary<UdpSessionKey, UdpSession> _sessions = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public UdpSession? Find(in UdpSessionKey key) => _sessions.TryGetValue(key, out var session) && !session.IsClosed ? session : null;

    public void Add(UdpSession session)
    {
        // A session that closed itself a moment ago may still hold the key.
        if (_sessions.TryGetValue(session.Key, out var closed)) Remove(closed);
        _sessions[session.Key] = session;
        Interlocked.Increment(ref _count);
        DataplaneMetrics.UdpSessionsOpened.Add(1);
        DataplaneMetrics.UdpSessions.Add(1);
        if (Count > capacity) EvictOldest();
    }

    /// <summary>Closes the session and forgets it; one that took its key since is left alone.</summary>
    public void Remove(UdpSession session)
    {
        session.Dispose();
        if (!_sessions.TryRemove(KeyValuePair.Create(session.Key, session))) return;
        Interlocked.Decrement(ref _count);
        DataplaneMetrics.UdpSessions.Add(-1);
    }

    public void RemoveIdle(long notUsedSince) => RemoveWhere(session => session.LastUse <= notUsedSince);

    /// <summary>Ends the flows of a service port whose backend may no longer answer: their next datagram goes to another.</summary>
    public void RemoveUnserved(ServiceEntry entry) => RemoveWhere(session =>
        session.Frontend.Slot == entry.Slot && !(session.Frontend.Id == entry.Port.Id && entry.Serves(session.Backend, session.Frontend.Scope, session.Key.Client)));

    public void RemoveFrontend(int frontend) => RemoveWhere(session => session.Key.Frontend == frontend);

    public void EvictOldest()
    {
        var uses = _sessions.Values.Select(session => session.LastUse).Order().ToArray();
        if (uses.Length == 0) return;
        var evicted = RemoveWhere(session => session.LastUse <= uses[uses.Length / EvictedShare]);
        DataplaneMetrics.UdpEvicted.Add(evicted);
    }

    private int RemoveWhere(Func<UdpSession, bool> condition)
    {
        var removed = 0;
        foreach (var (_, session) in _sessions)
        {
            if (!condition(session)) continue;
            Remove(session);
            removed++;
        }

        return removed;
    }
}
