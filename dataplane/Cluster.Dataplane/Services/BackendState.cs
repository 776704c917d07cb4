namespace Cluster.Dataplane.Services;

/// <summary>What lives on of a backend while tables change: the connections it has and had from this node.</summary>
/// <remarks>Written by every relay, read by policies and metrics: a few interlocked adds a connection, none a packet.</remarks>
public sealed class BackendState
{
    private int _active;
    private long _given;
    private long _failures;
    private long _bytesToBackend;
    private long _bytesToClient;

    /// <summary>Connections or sessions through this node that have not ended.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Connections or sessions that were given to it, taken or not.</summary>
    public long Given => Volatile.Read(ref _given);

    /// <summary>Those of them that it did not take: refused, unreachable, or no answer in time.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>Bytes of TCP connections that relays have received from clients for it.</summary>
    public long BytesToBackend => Interlocked.Read(ref _bytesToBackend);

    /// <summary>Bytes of TCP connections that relays have received from it.</summary>
    public long BytesToClient => Interlocked.Read(ref _bytesToClient);

    /// <summary>Adds what a connection counted by itself since it did so last: at its end, and every few seconds before.</summary>
    public void Moved(long toBackend, long toClient)
    {
        if (toBackend != 0) Interlocked.Add(ref _bytesToBackend, toBackend);
        if (toClient != 0) Interlocked.Add(ref _bytesToClient, toClient);
    }

    /// <summary>A connection was given to the backend.</summary>
    public void Opened()
    {
        Interlocked.Increment(ref _active);
        Interlocked.Increment(ref _given);
    }

    /// <summary>A connection given to it has ended, or was never established.</summary>
    public void Closed() => Interlocked.Decrement(ref _active);

    /// <summary>It did not take a connection. <see cref="Closed"/> is called for it too.</summary>
    public void Failed() => Interlocked.Increment(ref _failures);
}
