using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns.Linux;
using Cluster.Dataplane.Dns.Managed;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Dns;

/// <summary>The cluster's DNS server, over UDP and TCP at one address.</summary>
/// <remarks>
/// Names of the zone, and what the cache knows of others, are answered by the receiving thread itself in about a microsecond; only what other
/// servers must be asked waits aside.
/// </remarks>
public sealed class DnsServer : IAsyncDisposable
{
    private readonly List<IDnsLoop> _loops = [];
    private readonly DnsForwarder _forwarder;
    private readonly DnsAnswerer _answerer;
    private readonly DnsTcpServer _tcp;
    private readonly HandoverSockets _sockets;
    private readonly int _listener;
    private readonly List<int> _datagrams = [];

    /// <param name="endPoint">Where it answers; port 0 for a free one.</param>
    /// <param name="zone">The names it owns.</param>
    /// <param name="resolvers">Whom it asks for others; called often, must be cheap.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="logger">Where queries that could not be answered are told.</param>
    /// <param name="time">The clock of time-outs and of the cache.</param>
    /// <param name="sockets">Where listening sockets come from and go to; null: from nowhere.</param>
    /// <exception cref="SocketException">The address is not local, or its port is taken.</exception>
    public DnsServer(
        IPEndPoint endPoint, DnsZone zone, Func<ResolverSettings> resolvers, DnsServerOptions options, ILogger logger, TimeProvider time, HandoverSockets? sockets = null)
    {
        _sockets = sockets ?? new HandoverSockets();
        int[] listeners = _sockets.Inherit(ListenerKind.Dns, ServiceProtocol.Tcp, endPoint);
        int[] datagrams = _sockets.Inherit(ListenerKind.Dns, ServiceProtocol.Udp, endPoint);
        Socket? opened = null;
        SafeSocketHandle? inherited = null;
        try
        {
            opened = listeners.Length > 0 ? null : Open(endPoint, ServiceProtocol.Tcp);
            EndPoint = (IPEndPoint?)opened?.LocalEndPoint ?? endPoint;
            var cache = new DnsCache(options.CacheEntries, options.CacheBytes);
            var responder = new DnsResponder(zone, cache, resolvers, options);
            _forwarder = new DnsForwarder(cache, resolvers, EndPoint, options, time);
            _answerer = new DnsAnswerer(responder, _forwarder, time);
            StartLoops(datagrams, responder, options, logger, time);
            DnsMetrics.Register(cache);
            if (listeners.Length > 0) inherited = new SafeSocketHandle(listeners[0], ownsHandle: true);
            Socket listener = opened ?? HandoverSockets.Wrap(inherited!);
            _listener = (int)listener.Handle;
            _tcp = new DnsTcpServer(listener, _answerer, options, time);
        }
        catch
        {
            // First of all: what waits for it is answered then, and loops can end.
            _forwarder?.Dispose();
            foreach (IDnsLoop loop in _loops) EndAsync(loop, closes: datagrams.Length == 0).GetAwaiter().GetResult();
            _answerer?.Dispose();
            opened?.Dispose();
            // The descriptor, which is given back, must not be closed with it.
            inherited?.SetHandleAsInvalid();
            // The predecessor may be gone: whoever tries next needs them, for nobody else can have their place meanwhile.
            _sockets.GiveBack(ListenerKind.Dns, ServiceProtocol.Tcp, endPoint, listeners);
            _sockets.GiveBack(ListenerKind.Dns, ServiceProtocol.Udp, endPoint, datagrams);
            throw;
        }

        // Nothing fails from here on.
        foreach (int more in listeners.Skip(1)) SocketCalls.Close(more);
        _sockets.Add(ListenerKind.Dns, _listener);
        foreach (int descriptor in _datagrams) _sockets.Add(ListenerKind.Dns, descriptor);
    }

    /// <summary>Time from the receipt of a query to its answer, of all servers the process had.</summary>
    public static HistogramSnapshot Durations() => DnsMetrics.Durations();

    /// <summary>Where it answers.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>
    /// Another process answers by the same sockets now: takes no more queries, and ends once those that wait were answered and connections
    /// have fallen silent.
    /// </summary>
    public async Task DrainAsync()
    {
        ForgetSockets();
        // They wait for other servers' answers on their own threads; that ends by the forwarder's time-outs.
        await Task.WhenAll(_loops.Select(loop => Task.Factory.StartNew(
            () => loop.DisposeAsync().AsTask(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));
        _loops.Clear();
        await _tcp.DrainAsync();
    }

    public async ValueTask DisposeAsync()
    {
        ForgetSockets();
        // First of all: what waits for it is answered then, and loops and connections can end.
        _forwarder.Dispose();
        foreach (IDnsLoop loop in _loops) await loop.DisposeAsync();
        await _tcp.DisposeAsync();
        _answerer.Dispose();
    }

    private void StartLoops(int[] inherited, DnsResponder responder, DnsServerOptions options, ILogger logger, TimeProvider time)
    {
        // As many as the predecessor had: the kernel spreads clients over them, and each wants a reader.
        foreach (int descriptor in inherited) AddLoop(descriptor, responder, time);
        if (inherited.Length > 0) return;
        // Alone first: a socket of another process would share the port with ours silently if it too asked for SO_REUSEPORT.
        Socket socket = Open(EndPoint, ServiceProtocol.Udp);
        if (!OperatingSystem.IsLinux() || options.Loops == 0)
        {
            _loops.Add(new ManagedDnsLoop(socket, _answerer, logger));
            return;
        }

        socket.Dispose();
        for (int i = 0; i < options.Loops; i++) OpenLoop(responder, time);
    }

    private void OpenLoop(DnsResponder responder, TimeProvider time)
    {
        int descriptor = DnsLoop.Listen(EndPoint);
        try
        {
            AddLoop(descriptor, responder, time);
        }
        catch
        {
            SocketCalls.Close(descriptor);
            throw;
        }
    }

    private void AddLoop(int descriptor, DnsResponder responder, TimeProvider time)
    {
        _loops.Add(new DnsLoop($"dns-loop-{_loops.Count}", descriptor, EndPoint.AddressFamily, responder, _answerer, time));
        _datagrams.Add(descriptor);
    }

    private void ForgetSockets()
    {
        _sockets.Remove(_listener);
        foreach (int descriptor in _datagrams) _sockets.Remove(descriptor);
    }

    // Inherited sockets are all of DnsLoops, which can leave them open.
    private static Task EndAsync(IDnsLoop loop, bool closes) => closes || loop is not DnsLoop own ? loop.DisposeAsync().AsTask() : own.LeaveAsync().AsTask();

    private static Socket Open(IPEndPoint endPoint, ServiceProtocol protocol)
    {
        (Socket? socket, FrontendResult result) = ListenSockets.Open(endPoint, protocol);
        return socket ?? throw new SocketException((int)SocketError.AddressAlreadyInUse, result.Message);
    }
}
