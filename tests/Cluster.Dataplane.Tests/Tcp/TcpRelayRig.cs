using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tcp;
using Cluster.Dataplane.Tcp.Linux;
using Cluster.Dataplane.Tcp.Managed;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>A TCP relay with one service on a free port of the loopback address, which is a load balancer's where the service has source ranges.</summary>
internal sealed class TcpRelayRig : IConversationRig
{
    private readonly Frontend _frontend;
    private readonly ServicePort _port;

    public TcpRelayRig(TcpPath path, TcpRelayOptions? options, params IPEndPoint[] backends)
        : this(path, options, IPAddress.Loopback, Make.Port("ns/web"), backends)
    {
    }

    public TcpRelayRig(TcpPath path, TcpRelayOptions? options, IPAddress listen, ServicePort port, params IPEndPoint[] backends)
        : this(path, options, new IPEndPoint(listen, FreePort.Tcp()), port, backends)
    {
    }

    public TcpRelayRig(TcpPath path, TcpRelayOptions? options, IPEndPoint listen, ServicePort port, params IPEndPoint[] backends)
    {
        _port = port;
        Relay = MakeRelay(path, options ?? new TcpRelayOptions());
        var entry = SetBackends(backends);
        _frontend = new Frontend(entry.Port.Id, entry.Slot, listen.Address, listen.Port, port.SourceRanges.IsEmpty ? TrafficScope.Internal : TrafficScope.LoadBalancer);
        Assert.Equal(FrontendResult.Opened, Relay.Open(_frontend));
    }

    public ServiceDirectory Directory { get; } = new();

    public IRelay Relay { get; }

    public int ActiveConnections => Relay.Active;

    /// <summary>Connections the backends count for this node.</summary>
    public int BackendConnections => Directory.Find(_port.Id)!.Backends.ToArray().Sum(backend => backend.State.Active);

    public IPEndPoint EndPoint => _frontend.EndPoint;

    public ServiceEntry SetBackends(params IPEndPoint[] backends) =>
        Directory.Publish(_port, [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(EndPoint);
        return socket;
    }

    public void CloseFrontend() => Relay.Close(_frontend);

    public ValueTask DisposeAsync() => Relay.DisposeAsync();

    // A bound on connections holds for each loop: one loop makes it exact.
    private IRelay MakeRelay(TcpPath path, TcpRelayOptions options) => path switch
    {
        TcpPath.Managed => new TcpRelay(Directory, options, NullLogger.Instance, TimeProvider.System),
        _ => new LoopTcpRelay(Directory, OfLoop(path, options), loops: options.MaxConnections > 0 ? 1 : 2, NullLogger.Instance),
    };

    private static TcpRelayOptions OfLoop(TcpPath path, TcpRelayOptions options) => path == TcpPath.Splice
        ? options with { UseRing = false, SpliceAfter = 0, PipesPerLoop = 2 }
        : options with { UseRing = path == TcpPath.Ring, RingAfter = 0 };
}
