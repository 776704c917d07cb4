namespace Cluster.Dataplane.Udp.Linux;

/// <summary>Flows with the same idle time-out in the order of their last use: what is idle or to be evicted stands at the front.</summary>
internal sealed class FlowList(long timeoutMs)
{
    private LoopFlow? _newest;

    public LoopFlow? Oldest { get; private set; }

    /// <summary>When the oldest has been idle long enough; <see cref="long.MaxValue"/> without any.</summary>
    public long NextExpiry => Oldest is null ? long.MaxValue : Oldest.LastUse + timeoutMs;

    public void Add(LoopFlow flow, long now)
    {
        flow.LastUse = now;
        flow.List = this;
        flow.Older = _newest;
        flow.Newer = null;
        if (_newest is null) Oldest = flow;
        else _newest.Newer = flow;
        _newest = flow;
    }

    /// <summary>Notes a use: a few pointers, and none where it is the newest anyway.</summary>
    public void Touch(LoopFlow flow, long now)
    {
        if (ReferenceEquals(flow, _newest))
        {
            flow.LastUse = now;
            return;
        }

        Remove(flow);
        Add(flow, now);
    }

    public void Remove(LoopFlow flow)
    {
        if (flow.Older is null) Oldest = flow.Newer;
        else flow.Older.Newer = flow.Newer;
        if (flow.Newer is null) _newest = flow.Older;
        else flow.Newer.Older = flow.Older;
        flow.List = null;
        flow.Older = flow.Newer = null;
    }
}
