using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Udp.Linux;
using Cluster.Dataplane.Udp.Managed;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>A UDP relay with one service on a free port.</summary>
internal sealed class UdpRelayRig : IAsyncDisposable
{
    private readonly UdpSetup _setup;
    private readonly Frontend _frontend;

    public UdpRelayRig(UdpPath path, params UdpBackend[] backends)
        : this(path, new UdpSetup(), backends)
    {
    }

    public UdpRelayRig(UdpPath path, UdpSetup setup, params UdpBackend[] backends)
    {
        _setup = setup;
        // A bound on sessions holds for each loop: one loop makes it exact.
        var bounded = setup.Options.MaxSessions > 0 || setup.Options.MaxOneWayFlows < 1000;
        Relay = path == UdpPath.Managed
            ? new UdpRelay(Directory, setup.Options, NullLogger.Instance, setup.Time)
            : new LoopUdpRelay(Directory, setup.Options, loops: bounded ? 1 : 2, NullLogger.Instance, setup.Time);
        var entry = SetBackends(backends);
        _frontend = new Frontend(entry.Port.Id, entry.Slot, setup.Address, FreePort.Udp(), TrafficScope.Internal);
        Assert.Equal(FrontendResult.Opened, Relay.Open(_frontend));
    }

    public ServiceDirectory Directory { get; } = new();

    public IRelay Relay { get; }

    public IPEndPoint EndPoint => _frontend.EndPoint;

    public ServiceEntry SetBackends(params UdpBackend[] backends) => SetEndPoints([.. backends.Select(backend => backend.EndPoint)]);

    public ServiceEntry SetEndPoints(params IPEndPoint[] backends) => Set([.. backends.Select(backend => new Backend(backend.ToString(), backend))]);

    public ServiceEntry Set(params Backend[] backends)
    {
        var port = new ServicePort(new ServicePortId("ns/udp", ServiceProtocol.Udp), 80) { UdpMode = _setup.Mode, Policy = _setup.Policy, IdleTimeout = _setup.IdleTimeout };
        var entry = Directory.Publish(port, backends);
        Relay.BackendsChanged(entry);
        return entry;
    }

    public Socket Connect() => Connect(EndPoint);

    public static Socket Connect(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(endPoint);
        return socket;
    }

    public void CloseFrontend() => Relay.Close(_frontend);

    public static async Task<string> AskAsync(Socket client, string text)
    {
        await client.SendAsync(Encoding.ASCII.GetBytes(text));
        return Encoding.ASCII.GetString(await ReceiveAsync(client));
    }

    public static async Task<byte[]> ReceiveAsync(Socket client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        var buffer = new byte[70_000];
        return buffer[..await client.ReceiveAsync(buffer, patience.Token)];
    }

    public ValueTask DisposeAsync() => Relay.DisposeAsync();
}
