using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Udp;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>UDP sockets, connected and not: a backend each for as long as they speak, and answers from the service.</summary>
public sealed class SocketUdpTests
{
    private static readonly IPAddress Loopback6 = IPAddress.IPv6Loopback;

    public SocketUdpTests() => Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Udp_Connected_IsLedToABackend_AndSeesTheServiceAsItsPeer(bool v6)
    {
        await using var a = new UdpBackend("a", v6 ? Loopback6 : null);
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, ServiceProtocol.Udp, v6: v6), a.EndPoint);
        var place = new IPEndPoint(v6 ? rig.Vip6(10) : rig.Vip(10), 80);
        using var client = SocketLbRig.Datagram(place.AddressFamily);
        client.Connect(place);
        Assert.Equal("a:x", SocketLbRig.Ask(client));
        Assert.Equal(place, client.RemoteEndPoint);
        client.Send("y"u8);
        EndPoint from = new IPEndPoint(v6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        client.ReceiveFrom(new byte[16], ref from);
        Assert.Equal(place, from);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Udp_Unconnected_KeepsABackendPerSocket_AndSeesAnswersFromTheService(bool v6)
    {
        await using var a = new UdpBackend("a", v6 ? Loopback6 : null);
        await using var b = new UdpBackend("b", v6 ? Loopback6 : null);
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, ServiceProtocol.Udp, v6: v6), a.EndPoint, b.EndPoint);
        var place = new IPEndPoint(v6 ? rig.Vip6(10) : rig.Vip(10), 80);
        var answers = new List<string>();
        for (var socket = 0; socket < 10; socket++)
        {
            using var client = SocketLbRig.Datagram(place.AddressFamily);
            var (answer, from) = SocketLbRig.Ask(client, place);
            Assert.Equal(place, from);
            answers.Add(answer);
            for (var i = 0; i < 5; i++) Assert.Equal((answer, (EndPoint)place), SocketLbRig.Ask(client, place));
        }

        Assert.Equal(5, answers.Count(answer => answer == "a:x"));
        Assert.Equal(5, answers.Count(answer => answer == "b:x"));
        Assert.Equal(10, rig.Balancer.Counters().Single().Flows);
    }

    [Fact]
    public async Task Udp_Unconnected_TwoServicesFromOneSocket_AreToldApart()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, ServiceProtocol.Udp), a.EndPoint);
        rig.Set(rig.Port(11, ServiceProtocol.Udp), b.EndPoint);
        using var client = SocketLbRig.Datagram();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(("a:x", (EndPoint)new IPEndPoint(rig.Vip(10), 80)), SocketLbRig.Ask(client, new IPEndPoint(rig.Vip(10), 80)));
            Assert.Equal(("b:x", (EndPoint)new IPEndPoint(rig.Vip(11), 80)), SocketLbRig.Ask(client, new IPEndPoint(rig.Vip(11), 80)));
            Assert.Equal(("a:x", (EndPoint)a.EndPoint), SocketLbRig.Ask(SocketLbRig.Datagram(), a.EndPoint));
        }
    }

    [Fact]
    public async Task Udp_Unconnected_BackendGone_TheNextDatagramGoesToAnother_AndSilenceForgets()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new SocketLbRig(configure: options => options with { UdpIdleTimeout = TimeSpan.FromSeconds(1) });
        var port = rig.Port(10, ServiceProtocol.Udp);
        var place = new IPEndPoint(rig.Vip(10), 80);
        rig.Set(port, a.EndPoint, b.EndPoint);
        using var client = SocketLbRig.Datagram();
        Assert.Equal("a:x", SocketLbRig.Ask(client, place).Answer);
        rig.Set(port, b.EndPoint);
        Assert.Equal("b:x", SocketLbRig.Ask(client, place).Answer);
        rig.Set(port, a.EndPoint, b.EndPoint);
        Assert.Equal("b:x", SocketLbRig.Ask(client, place).Answer);
        await Task.Delay(TimeSpan.FromMilliseconds(1100));
        Assert.Equal("a:x", SocketLbRig.Ask(client, place).Answer);
    }

    [Fact]
    public async Task Udp_Connected_BackendGone_TheSocketIsClosedAtOnce_OthersAreNot()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new SocketLbRig();
        var port = rig.Port(10, ServiceProtocol.Udp);
        rig.Set(port, a.EndPoint);
        using var led = SocketLbRig.Datagram();
        led.Connect(rig.Vip(10), 80);
        using var direct = SocketLbRig.Datagram();
        direct.Connect(a.EndPoint);
        Assert.Equal("a:x", SocketLbRig.Ask(led));

        rig.Set(port, b.EndPoint);
        var ended = Assert.Throws<SocketException>(() => led.Receive(new byte[16]));
        Assert.Equal(SocketError.ConnectionAborted, ended.SocketErrorCode);
        Assert.Equal("a:x", SocketLbRig.Ask(direct));
        using var next = SocketLbRig.Datagram();
        next.Connect(rig.Vip(10), 80);
        Assert.Equal("b:x", SocketLbRig.Ask(next));
    }

    [Fact]
    public async Task Udp_ReconnectedToAServiceThatIsNotLed_ShowsItsTruePeer_AndLeavesTheEarlierOne()
    {
        using var ns = new NetNamespace(107);
        await using var a = new UdpBackend("a", ns.HostAddress);
        await using var local = new UdpBackend("local");
        await using var rig = new SocketLbRig();
        await using var untouched = new UdpBackend("loop", rig.Vip(11), 80);
        rig.Balancer.AddNamespace(ns.Path);
        var (led, left) = (rig.Port(10, ServiceProtocol.Udp), rig.Port(11, ServiceProtocol.Udp));
        var backend = new Backend("a", a.EndPoint);
        rig.Set(led, backend);
        // On the host's loopback: sockets of pods can't be led there.
        rig.Set(left, local.EndPoint);
        using var client = ns.Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.ReceiveTimeout = 5000;
        client.Connect(rig.Vip(10), 80);
        Assert.Equal("a:x", SocketLbRig.Ask(client));
        client.Connect(rig.Vip(11), 80);
        Assert.Equal("loop:x", SocketLbRig.Ask(client));
        Assert.Equal(new IPEndPoint(rig.Vip(11), 80), client.RemoteEndPoint);
        Assert.Equal(0, rig.Balancer.Counters(led.Id, backend).Active);
        // What becomes of the backend it has left is nothing to it.
        rig.Set(led, Array.Empty<Backend>());
        Assert.Equal("loop:x", SocketLbRig.Ask(client));
    }
}
