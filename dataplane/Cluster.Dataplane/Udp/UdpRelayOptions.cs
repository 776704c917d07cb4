namespace Cluster.Dataplane.Udp;

/// <summary>How UDP is relayed. Read at start.</summary>
public sealed record UdpRelayOptions
{
    /// <summary>
    /// A client's flow keeps its backend until it was silent both ways for so long. (Kubernetes' userspace proxy: 250 ms, which moves a
    /// slow conversation in its middle.)
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(250);

    /// <summary>Sessions, and so sockets, at once; beyond it the least recently used go. 0 derives it from the descriptor limit.</summary>
    public int MaxSessions { get; init; }

    /// <summary>Flows of one-way services remembered at once: no sockets, a few hundred bytes each. Beyond it the least recently used are forgotten.</summary>
    public int MaxOneWayFlows { get; init; } = 65_536;

    /// <summary>
    /// How long a datagram of a service balanced per datagram may wait for its answer. What comes later is lost, as it would be to the
    /// client: resolvers ask again after 5 s.
    /// </summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
