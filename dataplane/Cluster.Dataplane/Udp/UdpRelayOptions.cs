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
}
