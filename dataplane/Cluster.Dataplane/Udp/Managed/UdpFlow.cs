using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>What the managed path keeps of one flow, whatever its mode. The frontend's loop and the flow's own use it at once.</summary>
internal abstract class UdpFlow : IDisposable
{
    private readonly TimeProvider _time;
    private long _lastUse;
    private long _fromClient;
    private long _fromBackend;
    private long _toldFromClient;
    private long _toldFromBackend;
    private int _closed;

    protected UdpFlow(UdpFrontend frontend, in UdpSessionKey key, Backend backend, TimeSpan idleTimeout, TimeProvider time)
    {
        Frontend = frontend;
        Key = key;
        Backend = backend;
        IdleTimeout = idleTimeout;
        _time = time;
        Touch();
    }

    public abstract UdpMode Mode { get; }

    public UdpFrontend Frontend { get; }

    public UdpSessionKey Key { get; }

    public Backend Backend { get; }

    public TimeSpan IdleTimeout { get; }

    /// <summary>The entry under which the backend was last found serving. Touched by the frontend's loop alone.</summary>
    public ServiceEntry? ValidFor { get; set; }

    /// <summary>Timestamp of the last datagram either way.</summary>
    public long LastUse => Volatile.Read(ref _lastUse);

    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>True where it was silent for longer than its time-out.</summary>
    public bool IsIdle => Silent >= IdleTimeout;

    public void Touch() => Volatile.Write(ref _lastUse, _time.GetTimestamp());

    /// <summary>It was used before it came here: so long ago.</summary>
    public void TouchedBefore(TimeSpan ago) => Volatile.Write(ref _lastUse, _time.GetTimestamp() - (long)(ago.TotalSeconds * _time.TimestampFrequency));

    /// <summary>How long it has been silent.</summary>
    public TimeSpan Silent => _time.GetElapsedTime(LastUse);

    /// <summary>Another process has its socket, if it has one: it may be closed here without a word to anybody.</summary>
    public virtual void Abandon()
    {
    }

    /// <summary>Counts what was received from the client; for the frontend's loop alone.</summary>
    public void Received(int fromClient) => Volatile.Write(ref _fromClient, _fromClient + fromClient);

    /// <summary>Counts what was received from the backend; for the flow's own loop alone.</summary>
    public void Answered(int fromBackend) => Volatile.Write(ref _fromBackend, _fromBackend + fromBackend);

    /// <summary>Adds what was counted to the backend's: at its end, and with each sweep before.</summary>
    public void Report() => Backend.State.Moved(Untold(ref _fromClient, ref _toldFromClient), Untold(ref _fromBackend, ref _toldFromBackend));

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        Report();
        Close();
    }

    // Of two callers at once one may be told less than nothing; together it is right.
    private static long Untold(ref long counted, ref long told)
    {
        var now = Volatile.Read(ref counted);
        return now - Interlocked.Exchange(ref told, now);
    }

    /// <summary>Gives up what the flow holds; called once.</summary>
    protected abstract void Close();
}
