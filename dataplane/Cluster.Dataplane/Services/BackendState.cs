namespace Cluster.Dataplane.Services;

/// <summary>What lives on of a backend while tables change: the connections it has from this node.</summary>
/// <remarks>Written by every relay, read by policies: one interlocked add a connection.</remarks>
public sealed class BackendState
{
    private int _active;

    /// <summary>Connections or sessions through this node that have not ended.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>A connection was given to the backend.</summary>
    public void Opened() => Interlocked.Increment(ref _active);

    /// <summary>A connection given to it has ended, or was never established.</summary>
    public void Closed() => Interlocked.Decrement(ref _active);
}
