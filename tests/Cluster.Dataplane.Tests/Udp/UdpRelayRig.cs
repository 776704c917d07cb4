using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Udp;
using Cluster.Dataplane.Udp.Managed;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>A UDP relay with one service on a free port of the loopback address.</summary>
internal sealed class UdpRelayRig : IAsyncDisposable
{
    private readonly Frontend _frontend;

    public UdpRelayRig(UdpRelayOptions? options, TimeProvider? time, params UdpBackend[] backends)
    {
        Relay = new UdpRelay(Directory, options ?? new UdpRelayOptions(), NullLogger.Instance, time ?? TimeProvider.System);
        var entry = SetBackends(backends);
        _frontend = new Frontend(entry.Port.Id, entry.Slot, IPAddress.Loopback, FreePort.Udp(), TrafficScope.Internal);
        Assert.Equal(FrontendResult.Opened, Relay.Open(_frontend));
    }

    public ServiceDirectory Directory { get; } = new();

    public UdpRelay Relay { get; }

    public ServiceEntry SetBackends(params UdpBackend[] backends) => SetEndPoints([.. backends.Select(backend => backend.EndPoint)]);

    public ServiceEntry SetEndPoints(params IPEndPoint[] backends)
    {
        var entry = Directory.Publish(Make.Port("ns/udp", ServiceProtocol.Udp), [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);
        Relay.BackendsChanged(entry);
        return entry;
    }

    public Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(_frontend.EndPoint);
        return socket;
    }

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
