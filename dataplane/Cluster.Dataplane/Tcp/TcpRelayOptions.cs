namespace Cluster.Dataplane.Tcp;

/// <summary>How TCP is relayed. Read at start.</summary>
public sealed record TcpRelayOptions
{
    /// <summary>
    /// How long each attempt to reach a backend may take while there is another to go on to; the last step counts for all further ones.
    /// Kubernetes' own steps: short first, for a backend that answers answers fast.
    /// </summary>
    public IReadOnlyList<TimeSpan> ConnectTimeouts { get; init; } =
        [TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];

    /// <summary>
    /// How long a client may wait for a backend in all. Within it every backend is tried, each once; the last one left has all the time that
    /// is left, for a lost packet is sent again after a second.
    /// </summary>
    public TimeSpan ConnectBudget { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Connections served at once; more wait in the kernel's accept queue. 0 derives it from the descriptor limit.</summary>
    public int MaxConnections { get; init; }

    /// <summary>How long accepting rests when the process is out of descriptors.</summary>
    public TimeSpan ExhaustedPause { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// How long both sides of a connection may be silent before it is reset; zero: for ever, as the kernel's own forwarding does.
    /// Kept to within a quarter of it, or 5 s. A service port may have its own.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; }

    /// <summary>At the limit, connections silent for longer than this are reset to make room for new ones; zero: none is.</summary>
    public TimeSpan ShedIdleAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The kernel's congestion control for sockets whose other end is on this node; null: the system's, which all other sockets have.
    /// Between local sockets nothing is lost or queued, and one that paces what it sends (BBR) costs a third of the throughput.
    /// </summary>
    public string? LocalCongestionControl { get; init; } = "cubic";

    /// <summary>Small messages go through an io_uring where the kernel has what that needs.</summary>
    public bool UseRing { get; init; } = true;

    /// <summary>Turns of small messages after which a connection's bytes go through the ring.</summary>
    public int RingAfter { get; init; } = 16;

    /// <summary>
    /// Large reads in a row after which a direction is spliced: its bytes go through a pipe, without a copy. Zero: it is from the start.
    /// </summary>
    public int SpliceAfter { get; init; } = 4;

    /// <summary>
    /// Pipes of a loop, of two descriptors each; a stream holds one only while bytes are in it, and is copied while there is none. Null: one
    /// for each 32 connections the loop may have, 64 at most.
    /// </summary>
    public int? PipesPerLoop { get; init; }

    /// <summary>Silence after which the kernel probes a peer, so that one that vanished does not hold its connection for ever.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(2);
}
