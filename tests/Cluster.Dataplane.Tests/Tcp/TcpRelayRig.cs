using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tcp;
using Cluster.Dataplane.Tcp.Managed;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>A TCP relay with one service on a free port of the loopback address.</summary>
internal sealed class TcpRelayRig : IAsyncDisposable
{
    private readonly Frontend _frontend;

    public TcpRelayRig(TcpRelayOptions? options, params IPEndPoint[] backends)
    {
        Relay = new TcpRelay(Directory, options ?? new TcpRelayOptions(), NullLogger.Instance, TimeProvider.System);
        var entry = SetBackends(backends);
        _frontend = new Frontend(entry.Port.Id, entry.Slot, IPAddress.Loopback, FreePort.Tcp(), TrafficScope.Internal);
        Assert.Equal(FrontendResult.Opened, Relay.Open(_frontend));
    }

    public ServiceDirectory Directory { get; } = new();

    public TcpRelay Relay { get; }

    public IPEndPoint EndPoint => _frontend.EndPoint;

    public ServiceEntry SetBackends(params IPEndPoint[] backends) =>
        Directory.Publish(Make.Port("ns/web"), [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(EndPoint);
        return socket;
    }

    public void CloseFrontend() => Relay.Close(_frontend);

    public ValueTask DisposeAsync() => Relay.DisposeAsync();
}
