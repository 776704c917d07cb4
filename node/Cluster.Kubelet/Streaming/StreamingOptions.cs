namespace Cluster.Kubelet.Streaming;

/// <summary>Bounds of sessions with clients' streams.</summary>
internal sealed record StreamingOptions
{
    /// <summary>A session that moves no data for so long is ended.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(4);

    /// <summary>A client opens the streams of its request within this time.</summary>
    public TimeSpan CreationTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a client gets to close the connection after the last byte: closing first, while it still sends, would reset the connection
    /// and could take that last byte from it.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How often something is sent to a silent client: it finds out clients that are no more, and keeps those waiting that measure us by it.
    /// </summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Sessions at once. Each may hold some 64 KiB a stream.</summary>
    public int MaxSessions { get; init; } = 256;

    /// <summary>Streams a session: a forwarded connection takes two.</summary>
    public int MaxStreams { get; init; } = 256;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
