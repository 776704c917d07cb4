namespace Cluster.Dataplane.Net;

/// <summary>What one loop or relay has counted of UDP; <see cref="DataplaneMetrics"/> adds all of them up when somebody asks.</summary>
/// <remarks>
/// A loop of its own thread writes its fields plainly: nothing on the way of a datagram but an addition. Where several threads write,
/// they do so by <see cref="Interlocked"/>.
/// </remarks>
internal sealed class UdpCounts
{
    /// <summary>Sessions opened.</summary>
    public long Opened;

    /// <summary>Sessions closed; those of <see cref="Opened"/> that are not among them are open.</summary>
    public long Closed;

    /// <summary>Sessions closed to make room.</summary>
    public long Evicted;

    /// <summary>Datagrams that could not be passed on.</summary>
    public long Dropped;

    /// <summary>Questions of services balanced per datagram that got no answer in time.</summary>
    public long Unanswered;

    /// <summary>Datagrams passed to backends.</summary>
    public long ToBackends;

    /// <summary>Datagrams passed to clients.</summary>
    public long ToClients;

    /// <summary>Adds those of another to its own.</summary>
    public void Add(UdpCounts other)
    {
        Opened += Volatile.Read(ref other.Opened);
        Closed += Volatile.Read(ref other.Closed);
        Evicted += Volatile.Read(ref other.Evicted);
        Dropped += Volatile.Read(ref other.Dropped);
        Unanswered += Volatile.Read(ref other.Unanswered);
        ToBackends += Volatile.Read(ref other.ToBackends);
        ToClients += Volatile.Read(ref other.ToClients);
    }
}
