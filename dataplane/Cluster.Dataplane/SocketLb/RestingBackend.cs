using System.Net;

namespace Cluster.Dataplane.SocketLb;

/// <summary>A backend that did not take a connection: it gets none until it answers a probe. Under the balancer's lock.</summary>
internal sealed class RestingBackend(SocketService service, BackendKey key, IPEndPoint address)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private TimeSpan _pause = FirstPause;

    public SocketService Service { get; } = service;

    public BackendKey Key { get; } = key;

    public IPEndPoint Address { get; } = address;

    /// <summary>When it is probed next, as a timestamp; at once at first: a client that gave up early says nothing of the backend.</summary>
    public long ProbeAt { get; private set; }

    public bool IsProbed { get; set; }

    /// <summary>It did not answer: the next probe waits twice as long, a minute at most.</summary>
    public void Wait(TimeProvider time)
    {
        ProbeAt = time.GetTimestamp() + (long)(_pause.TotalSeconds * time.TimestampFrequency);
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }
}
