namespace Cluster.Dataplane.Services;

/// <summary>What lives on of a backend while tables change: the connections it has and had from this node, and whether it answers.</summary>
/// <remarks>Written by every relay, read by policies and metrics: a few interlocked adds a connection, none a packet.</remarks>
public sealed class BackendState
{
    private int _active;
    private long _given;
    private long _failures;
    private int _strikes;
    private int _stay;
    private int _stays;
    private int _down;
    private int _surplus;
    private long _bytesToBackend;
    private long _bytesToClient;

    /// <summary>Connections or sessions through this node that have not ended.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Connections or sessions that were given to it, taken or not.</summary>
    public long Given => Volatile.Read(ref _given);

    /// <summary>Those of them that it did not take: refused, unreachable, or no answer in time.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>It is in the penalty box: it did not take connections.</summary>
    public bool IsBoxed => Volatile.Read(ref _stay) != 0;

    /// <summary>Its health check says that it does not answer.</summary>
    public bool IsDown => Volatile.Read(ref _down) != 0;

    /// <summary>Balancing may choose it. Where no backend of a service port is available, all are chosen among.</summary>
    public bool IsAvailable => !IsBoxed && !IsDown;

    /// <summary>Connections it should lose so that others get their share; see <see cref="Rebalancer"/>.</summary>
    internal int Surplus
    {
        get => Volatile.Read(ref _surplus);
        set => Volatile.Write(ref _surplus, value);
    }

    /// <summary>True for the caller that is to end one of its connections.</summary>
    internal bool TryTakeSurplus() => Surplus > 0 && Interlocked.Decrement(ref _surplus) >= 0;

    /// <summary>Bytes that relays have received from clients for it, of TCP connections and in datagrams.</summary>
    public long BytesToBackend => Interlocked.Read(ref _bytesToBackend);

    /// <summary>Bytes that relays have received from it.</summary>
    public long BytesToClient => Interlocked.Read(ref _bytesToClient);

    /// <summary>Adds what a connection or flow counted by itself since it did so last: at its end, and every few seconds before.</summary>
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

    /// <summary>Connections not taken since the last one that was.</summary>
    internal int Strikes => Volatile.Read(ref _strikes);

    /// <summary>How long it is in the box at first, the next time; for the one who puts it there.</summary>
    internal TimeSpan Pause { get; set; }

    /// <summary>When it last left the box, a timestamp of the box's clock; for the one who puts it there.</summary>
    internal long ReleasedAt { get; set; }

    internal int Strike(int times) => Interlocked.Add(ref _strikes, times);

    internal void ForgetStrikes() => Volatile.Write(ref _strikes, 0);

    /// <summary>True for the one caller that puts it into the box.</summary>
    /// <param name="stay">The number of this stay, which no other of the backend's has.</param>
    internal bool TryBox(out int stay)
    {
        stay = Interlocked.Increment(ref _stays);
        return Interlocked.CompareExchange(ref _stay, stay, 0) == 0;
    }

    /// <summary>It has not left the box since that stay began.</summary>
    internal bool IsInBox(int stay) => Volatile.Read(ref _stay) == stay;

    /// <summary>True for the one caller that takes it out.</summary>
    internal bool TryRelease() => Interlocked.Exchange(ref _stay, 0) != 0;

    /// <summary>True where this changes what its health check says.</summary>
    internal bool TrySetDown(bool down) => Interlocked.Exchange(ref _down, down ? 1 : 0) != (down ? 1 : 0);
}
