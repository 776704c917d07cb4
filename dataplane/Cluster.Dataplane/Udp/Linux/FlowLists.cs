namespace Cluster.Dataplane.Udp.Linux;

/// <summary>The flows of one bound, in a list for each idle time-out there is: a handful, whatever the number of flows.</summary>
internal sealed class FlowLists(int limit)
{
    private int _limit = limit;
    private readonly List<(long TimeoutMs, FlowList List)> _lists = [];

    public int Count { get; private set; }

    public bool IsFull => Count >= _limit;

    /// <summary>The flow not used for longest.</summary>
    public LoopFlow? Oldest
    {
        get
        {
            LoopFlow? oldest = null;
            foreach ((_, FlowList list) in _lists)
                if (list.Oldest is { } flow && (oldest is null || flow.LastUse < oldest.LastUse)) oldest = flow;
            return oldest;
        }
    }

    /// <summary>When the next flow will have been idle long enough.</summary>
    public long NextExpiry
    {
        get
        {
            long next = long.MaxValue;
            foreach ((_, FlowList list) in _lists) next = Math.Min(next, list.NextExpiry);
            return next;
        }
    }

    /// <summary>Holds half as many at most from now on; the next that is added makes room for itself.</summary>
    public void Halve() => _limit = Math.Max(1, _limit / 2);

    public void Add(LoopFlow flow, long timeoutMs, long now)
    {
        For(timeoutMs).Add(flow, now);
        Count++;
    }

    public void Remove(LoopFlow flow)
    {
        flow.List!.Remove(flow);
        Count--;
    }

    /// <summary>A flow that has been idle long enough, if there is one.</summary>
    public LoopFlow? Expired(long now)
    {
        foreach ((_, FlowList list) in _lists)
            if (list.NextExpiry <= now) return list.Oldest;
        return null;
    }

    private FlowList For(long timeoutMs)
    {
        foreach ((long known, FlowList list) in _lists)
            if (known == timeoutMs) return list;
        var added = new FlowList(timeoutMs);
        _lists.Add((timeoutMs, added));
        return added;
    }
}
