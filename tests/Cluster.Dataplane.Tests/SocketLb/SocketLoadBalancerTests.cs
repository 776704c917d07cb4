using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.SocketLb;

public sealed class SocketLoadBalancerTests
{
    private static readonly IPAddress Loopback6 = IPAddress.IPv6Loopback;

    public SocketLoadBalancerTests() => Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tcp_FromTheHost_IsLedToABackend_AndSeesTheServiceAsItsPeer(bool v6)
    {
        await using var backend = SocketLbRig.Lasting(v6 ? Loopback6 : null);
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, v6: v6), backend.EndPoint);
        var place = new IPEndPoint(v6 ? rig.Vip6(10) : rig.Vip(10), 80);
        using var client = SocketLbRig.Stream(place.AddressFamily);
        client.Connect(place);
        Assert.Equal("x", SocketLbRig.Ask(client));
        Assert.Equal(place, client.RemoteEndPoint);
        Assert.Equal(1, backend.Accepted);
    }

    [Fact]
    public async Task Tcp_FromASocketOfBothFamilies_ToAMappedAddress_IsLedToABackend()
    {
        await using var backend = SocketLbRig.Lasting();
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10), backend.EndPoint);
        using var client = SocketLbRig.Stream(AddressFamily.InterNetworkV6);
        client.DualMode = true;
        client.Connect(new IPEndPoint(rig.Vip(10).MapToIPv6(), 80));
        Assert.Equal("x", SocketLbRig.Ask(client));
        Assert.Equal(new IPEndPoint(rig.Vip(10).MapToIPv6(), 80), client.RemoteEndPoint);
    }

    [Fact]
    public async Task Tcp_RoundRobin_IsEven()
    {
        await using var a = SocketLbRig.Named("a");
        await using var b = SocketLbRig.Named("b");
        await using var c = SocketLbRig.Named("c");
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10), a.EndPoint, b.EndPoint, c.EndPoint);
        var answers = Enumerable.Range(0, 300).Select(_ => SocketLbRig.Ask(rig.Vip(10))).CountBy(answer => answer!).ToDictionary();
        Assert.Equal(3, answers.Count);
        Assert.All(answers.Values, count => Assert.InRange(count, 99, 101));
    }

    [Fact]
    public async Task Tcp_Weighted_FollowsTheWeights()
    {
        await using var a = SocketLbRig.Named("a");
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, policy: "weighted"), new Backend("a", a.EndPoint) { Weight = 3 }, new Backend("b", b.EndPoint));
        var answers = Enumerable.Range(0, 200).CountBy(_ => SocketLbRig.Ask(rig.Vip(10))!).ToDictionary();
        Assert.Equal(150, answers["a"]);
        Assert.Equal(50, answers["b"]);
    }

    [Fact]
    public async Task Tcp_TwoChoices_PrefersTheOneWithFewerConnections()
    {
        await using var a = SocketLbRig.Lasting();
        await using var b = SocketLbRig.Lasting();
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, policy: "p2c"), a.EndPoint, b.EndPoint);
        var clients = new List<Socket>();
        for (var i = 0; i < 40; i++)
        {
            clients.Add(SocketLbRig.Stream());
            clients[^1].Connect(rig.Vip(10), 80);
            // With both drawn each time, the lesser one always wins: never more than one apart.
            await Eventually.True(() => a.Accepted + b.Accepted == i + 1);
            Assert.InRange(a.Accepted - b.Accepted, -1, 1);
        }

        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task Tcp_Maglev_KeepsANamespaceOnItsBackend()
    {
        await using var a = SocketLbRig.Named("a");
        await using var b = SocketLbRig.Named("b");
        await using var c = SocketLbRig.Named("c");
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, policy: "maglev"), a.EndPoint, b.EndPoint, c.EndPoint);
        Assert.Single(Enumerable.Range(0, 30).Select(_ => SocketLbRig.Ask(rig.Vip(10))).Distinct());
    }

    [Fact]
    public async Task Tcp_Affinity_KeepsTheBackend_UntilTheTimeoutOrItsEnd()
    {
        await using var a = SocketLbRig.Named("a");
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig();
        var port = rig.Port(10, affinity: TimeSpan.FromSeconds(1));
        rig.Set(port, a.EndPoint, b.EndPoint);
        var first = SocketLbRig.Ask(rig.Vip(10));
        for (var i = 0; i < 10; i++) Assert.Equal(first, SocketLbRig.Ask(rig.Vip(10)));

        // The kernel's own clock has to pass the timeout.
        await Task.Delay(TimeSpan.FromMilliseconds(1100));
        var second = SocketLbRig.Ask(rig.Vip(10));
        Assert.NotEqual(first, second);

        rig.Set(port, first == "a" ? a.EndPoint : b.EndPoint);
        for (var i = 0; i < 3; i++) Assert.Equal(first, SocketLbRig.Ask(rig.Vip(10)));
    }

    [Fact]
    public async Task Tcp_Affinity_IsToTheBackend_NotToItsAddress()
    {
        await using var a = SocketLbRig.Named("a");
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig();
        var port = rig.Port(10, affinity: TimeSpan.FromHours(1));
        rig.Set(port, new Backend("pod-1", a.EndPoint), new Backend("pod-2", b.EndPoint));
        var first = SocketLbRig.Ask(rig.Vip(10));
        rig.Set(port, new Backend(first == "a" ? "pod-3" : "pod-1", a.EndPoint), new Backend(first == "b" ? "pod-3" : "pod-2", b.EndPoint));
        // Another pod has the address now: the cursor decides, and it is the other one's turn.
        Assert.NotEqual(first, SocketLbRig.Ask(rig.Vip(10)));
    }

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

    [Theory]
    [InlineData(ServiceProtocol.Tcp)]
    [InlineData(ServiceProtocol.Udp)]
    public async Task NoBackends_IsRefused_AndCounted(ServiceProtocol protocol)
    {
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, protocol), Array.Empty<IPEndPoint>());
        using var client = protocol == ServiceProtocol.Tcp ? SocketLbRig.Stream() : SocketLbRig.Datagram();
        var refused = Assert.Throws<SocketException>(() => client.Connect(rig.Vip(10), 80));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.Equal(1, rig.Balancer.Counters().Single().Refused);
        if (protocol == ServiceProtocol.Tcp) return;
        using var unconnected = SocketLbRig.Datagram();
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => unconnected.SendTo("x"u8, new IPEndPoint(rig.Vip(10), 80))).SocketErrorCode);
    }

    [Fact]
    public async Task Namespaces_OnlyThoseAddedAreServed_AndSocketsInThemAreClosedToo()
    {
        using var ns = new NetNamespace(101);
        await using var rig = new SocketLbRig();
        await using var a = SocketLbRig.Named("a", ns.HostAddress);
        await using var b = new UdpBackend("b", ns.HostAddress);
        await using var untouched = SocketLbRig.Named("loop", rig.Vip(10), 80);
        var udp = rig.Port(11, ServiceProtocol.Udp);
        rig.Set(rig.Port(10), a.EndPoint);
        rig.Set(udp, b.EndPoint);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal("loop", SocketLbRig.Ask(rig.Vip(10), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));

        rig.Balancer.AddNamespace(ns.Path);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));
        using var client = ns.Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.ReceiveTimeout = 5000;
        client.Connect(rig.Vip(11), 80);
        Assert.Equal("b:x", SocketLbRig.Ask(client));
        rig.Set(udp, Array.Empty<IPEndPoint>());
        Assert.Equal(SocketError.ConnectionAborted, Assert.Throws<SocketException>(() => client.Receive(new byte[16])).SocketErrorCode);

        rig.Balancer.RemoveNamespace(ns.Path);
        Assert.Equal("loop", SocketLbRig.Ask(rig.Vip(10), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));
    }

    [Fact]
    public async Task LoopbackBackend_IsForTheHostAlone()
    {
        using var ns = new NetNamespace(102);
        await using var rig = new SocketLbRig();
        await using var a = SocketLbRig.Named("a");
        await using var untouched = SocketLbRig.Named("loop", rig.Vip(10), 80);
        rig.Balancer.AddNamespace(ns.Path);
        rig.Set(rig.Port(10), a.EndPoint);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal("loop", SocketLbRig.Ask(rig.Vip(10), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));
    }

    [Fact]
    public async Task NodePort_OnLoopback_IsTheHostsAlone()
    {
        using var ns = new NetNamespace(103);
        await using var a = SocketLbRig.Named("a", ns.HostAddress);
        await using var rig = new SocketLbRig();
        var nodePort = FreePort.Tcp();
        rig.Balancer.AddNamespace(ns.Path);
        rig.Set(rig.Port(10, nodePort: nodePort), a.EndPoint);
        Assert.Equal("a", SocketLbRig.Ask(IPAddress.Loopback, nodePort));
        Assert.Null(SocketLbRig.Ask(IPAddress.Loopback, nodePort, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));
    }

    [Fact]
    public async Task ServicesOfOtherPaths_StayOut_AndSayWhy()
    {
        await using var rig = new SocketLbRig();
        var (tcp, udp, loop, managed) = (rig.Port(1, path: ServicePath.Auto), rig.Port(2, ServiceProtocol.Udp, ServicePath.Auto), rig.Port(3, path: ServicePath.Loop), rig.Port(4, path: ServicePath.Managed));
        foreach (var port in new[] { tcp, udp, loop, managed }) rig.Set(port, Array.Empty<IPEndPoint>());
        Assert.Null(rig.Balancer.WhyNot(tcp.Id));
        Assert.Contains("UDP", rig.Balancer.WhyNot(udp.Id), StringComparison.Ordinal);
        Assert.Contains("path loop", rig.Balancer.WhyNot(loop.Id), StringComparison.Ordinal);
        Assert.Contains("path managed", rig.Balancer.WhyNot(managed.Id), StringComparison.Ordinal);
        Assert.Equal(tcp.Id, rig.Balancer.Counters().Single().Id);
        Assert.Null(SocketLbRig.Ask(rig.Vip(1)));
    }

    [Fact]
    public async Task MapsThatAreFull_LeaveServicesToTheLoops_AndSayWhy()
    {
        await using var rig = new SocketLbRig(configure: options => options with { MaxServices = 2, MaxBackends = 5, MaxSlots = 18 });
        rig.Set(rig.Port(1), Make.Backends(2));
        rig.Set(rig.Port(2), Make.Backends(4));
        Assert.Equal("the map of backends is full (5)", rig.Balancer.WhyNot(rig.Port(2).Id));
        rig.Set(rig.Port(3), Make.Backends(1));
        Assert.Equal("the map of lists is full (18)", rig.Balancer.WhyNot(rig.Port(3).Id));
        rig.Remove(rig.Port(1));
        rig.Set(rig.Port(3), Make.Backends(2));
        Assert.Null(rig.Balancer.WhyNot(rig.Port(3).Id));
    }

    [Fact]
    public async Task ReservedPlaces_AreLeftAlone()
    {
        await using var rig = new SocketLbRig(configure: options => options with { Reserved = [new Place(IPAddress.Parse("198.18.255.1"), 80, ServiceProtocol.Tcp)] });
        var port = new ServicePort(new ServicePortId("rig/dns", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("198.18.255.1"), rig.Vip(10)], Path = ServicePath.Connect };
        rig.Set(port, Array.Empty<IPEndPoint>());
        Shell.Run("ip", "route", "replace", "local", "198.18.255.1/32", "dev", "lo");
        try
        {
            await using var dns = SocketLbRig.Named("dns", IPAddress.Parse("198.18.255.1"), 80);
            Assert.Equal("dns", SocketLbRig.Ask(IPAddress.Parse("198.18.255.1")));
            Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
        }
        finally
        {
            Shell.Run("ip", "route", "del", "local", "198.18.255.1/32", "dev", "lo");
        }
    }

    [Fact]
    public async Task AnAddressTwoServicesWant_IsTheFirstOnes_ThenTheOthers()
    {
        await using var a = SocketLbRig.Named("a");
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig();
        var first = rig.Port(10);
        var second = new ServicePort(new ServicePortId("rig/other", ServiceProtocol.Tcp), 80) { VirtualAddresses = [rig.Vip(10)], Path = ServicePath.Connect };
        rig.Set(first, a.EndPoint);
        rig.Set(second, b.EndPoint);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
        rig.Remove(first);
        Assert.Equal("b", SocketLbRig.Ask(rig.Vip(10)));
    }

    [Fact]
    public async Task Counters_TellOpenedFailedAndClosed()
    {
        await using var alive = SocketLbRig.Lasting();
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        // Nothing is left out for its failures meanwhile.
        await using var rig = new SocketLbRig(configure: options => options with { WatchPeriod = TimeSpan.FromHours(1) });
        var (good, bad) = (new Backend("good", alive.EndPoint), new Backend("bad", (IPEndPoint)silent.LocalEndPoint!));
        var port = rig.Port(10);
        rig.Set(port, good, bad);
        var clients = new List<Socket>();
        for (var i = 0; i < 10; i++)
        {
            var client = SocketLbRig.Stream();
            try
            {
                client.Connect(rig.Vip(10), 80);
                clients.Add(client);
            }
            catch (SocketException)
            {
                client.Dispose();
            }
        }

        Assert.Equal(5, clients.Count);
        Assert.Equal((5, 0, 5), Of(good));
        Assert.Equal((0, 5, 0), Of(bad));
        foreach (var client in clients) client.Dispose();
        await Eventually.True(() => Of(good) == (5, 0, 0));
        Assert.Equal((5, 5, 0), (rig.Balancer.Counters().Single().Sockets is var sum ? (sum.Opened, sum.Failed, sum.Active) : default));

        (long, long, long) Of(Backend backend) => rig.Balancer.Counters(port.Id, backend) is var counted ? (counted.Opened, counted.Failed, counted.Active) : default;
    }

    [Fact]
    public async Task Counters_OfConnectedUdpSockets_TellOpenedAndClosed()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new SocketLbRig();
        var backend = new Backend("a", a.EndPoint);
        var port = rig.Port(10, ServiceProtocol.Udp);
        rig.Set(port, backend);
        using (var client = SocketLbRig.Datagram())
        {
            client.Connect(rig.Vip(10), 80);
            Assert.Equal(1, rig.Balancer.Counters(port.Id, backend).Active);
            client.Connect(rig.Vip(10), 80);
            Assert.Equal(1, rig.Balancer.Counters(port.Id, backend).Active);
            // Somewhere else: the socket is no longer this backend's, and shows its true peer.
            client.Connect(a.EndPoint);
            Assert.Equal(a.EndPoint, client.RemoteEndPoint);
            Assert.Equal(0, rig.Balancer.Counters(port.Id, backend).Active);
            client.Connect(rig.Vip(10), 80);
        }

        await Eventually.True(() => rig.Balancer.Counters(port.Id, backend).Active == 0);
        Assert.Equal(3, rig.Balancer.Counters(port.Id, backend).Opened);
    }

    [Fact]
    public async Task Counters_OfABackendOnItsWayOut_TellTheConnectionsItStillHas()
    {
        await using var a = SocketLbRig.Lasting();
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig();
        var port = rig.Port(10);
        rig.Set(port, new Backend("pod-1", a.EndPoint));
        using var client = SocketLbRig.Stream();
        client.Connect(rig.Vip(10), 80);
        Assert.Equal("x", SocketLbRig.Ask(client));

        var leaving = new Backend("pod-1", a.EndPoint) { Health = BackendHealth.Terminating };
        rig.Set(port, leaving, new Backend("pod-2", b.EndPoint));
        Assert.Equal("b", SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal(1, rig.Balancer.Counters(port.Id, leaving).Active);
        client.Dispose();
        await Eventually.True(() => rig.Balancer.Counters(port.Id, leaving).Active == 0);
    }

    [Fact]
    public async Task Tcp_BackendGone_ConnectionsLive_UntilTheyAreClosed()
    {
        await using var a = SocketLbRig.Lasting();
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig();
        var port = rig.Port(10);
        rig.Set(port, a.EndPoint);
        using var client = SocketLbRig.Stream();
        client.Connect(rig.Vip(10), 80);
        Assert.Equal("x", SocketLbRig.Ask(client));

        rig.Set(port, b.EndPoint);
        Assert.Equal("b", SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal("x", SocketLbRig.Ask(client));
        var draining = Assert.Single(rig.Balancer.Draining());
        Assert.Equal((port.Id, a.EndPoint, 1L), (draining.Id, draining.Address, draining.Active));
        Assert.Equal(1, await rig.Balancer.CloseConnectionsAsync(draining));
        Assert.Throws<SocketException>(() => client.Receive(new byte[16]));
        await Eventually.True(() => rig.Balancer.Draining().Count == 0);
        var sum = rig.Balancer.Counters().Single().Sockets;
        Assert.Equal((2, 0), (sum.Opened, sum.Failed));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tcp_BackendGone_ConnectionsAreReset_WhenItsGraceIsOver(bool inNamespace)
    {
        using var ns = new NetNamespace(inNamespace ? 105 : 106);
        await using var a = SocketLbRig.Lasting(ns.HostAddress);
        await using var b = SocketLbRig.Lasting(ns.HostAddress);
        var time = new FakeTimeProvider();
        await using var rig = new SocketLbRig(configure: options => options with { DrainTimeout = TimeSpan.FromSeconds(30) }, time: time);
        rig.Balancer.AddNamespace(ns.Path);
        var port = rig.Port(10);
        var (pod1, pod2) = (new Backend("pod-1", a.EndPoint), new Backend("pod-2", b.EndPoint));
        rig.Set(port, pod1);
        using var client = inNamespace ? ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) : SocketLbRig.Stream();
        client.Connect(rig.Vip(10), 80);

        // Not ready, or on its way out: it is there, and so are its connections.
        rig.Set(port, new Backend("pod-1", a.EndPoint) { Health = BackendHealth.NotReady }, pod2);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("x", SocketLbRig.Ask(client));
        // Gone and back within its grace.
        rig.Set(port, pod2);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal("x", SocketLbRig.Ask(client));
        rig.Set(port, pod1, pod2);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("x", SocketLbRig.Ask(client));

        rig.Set(port, pod2);
        using var other = SocketLbRig.Stream();
        other.Connect(rig.Vip(10), 80);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(SocketError.ConnectionAborted, Assert.Throws<SocketException>(() => client.Receive(new byte[16])).SocketErrorCode);
        Assert.Equal("x", SocketLbRig.Ask(other));
        await Eventually.True(() => rig.Balancer.Draining().Count == 0);
    }

    [Fact]
    public async Task DualStack_EachFamilyIsLedToTheBackendsAddressOfIt()
    {
        await using var a4 = SocketLbRig.Named("a4");
        await using var a6 = SocketLbRig.Named("a6", IPAddress.IPv6Loopback);
        await using var b4 = SocketLbRig.Named("b4");
        await using var rig = new SocketLbRig();
        var port = new ServicePort(new ServicePortId("rig/dual", ServiceProtocol.Tcp), 80) { VirtualAddresses = [rig.Vip(10), rig.Vip6(10)], Path = ServicePath.Connect };
        var both = new Backend("pod-a", a4.EndPoint) { AlternateAddress = a6.EndPoint };
        rig.Set(port, both);
        Assert.Null(rig.Balancer.Left(port.Id));
        Assert.Equal(("a4", "a6"), (SocketLbRig.Ask(rig.Vip(10)), SocketLbRig.Ask(rig.Vip6(10))));
        Assert.Equal(2, rig.Balancer.Counters().Single().Sockets.Opened);
        Assert.Equal(2, rig.Balancer.Counters(port.Id, both).Opened);

        // One backend has no IPv6 address: that family is the relays' (here nobody's), which reach it by the other.
        rig.Set(port, both, new Backend("pod-b", b4.EndPoint));
        Assert.Equal(new LeftToRelays("its backends have no IPv6 addresses", IsWhole: false), rig.Balancer.Left(port.Id));
        Assert.Null(rig.Balancer.WhyNot(port.Id));
        Assert.Equal(["a4", "b4"], new[] { SocketLbRig.Ask(rig.Vip(10)), SocketLbRig.Ask(rig.Vip(10)) }.Order());
        Assert.Null(SocketLbRig.Ask(rig.Vip6(10)));

        rig.Set(port, both);
        Assert.Equal("a6", SocketLbRig.Ask(rig.Vip6(10)));
        rig.Set(port, Array.Empty<Backend>());
        Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
        Assert.Null(SocketLbRig.Ask(rig.Vip6(10)));
        rig.Remove(port);
        Assert.Empty(rig.Balancer.Counters());
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tcp_BackendThatRefuses_IsLeftOut_UntilItAnswersAgain(bool affinity)
    {
        await using var good = SocketLbRig.Named("good");
        var bad = SocketLbRig.Named("bad");
        var place = bad.EndPoint;
        var time = new FakeTimeProvider();
        await using var rig = new SocketLbRig(time: time);
        var port = rig.Port(10, affinity: affinity ? TimeSpan.FromHours(1) : default);
        // For affinity the client's own backend is the one that goes.
        rig.Set(port, new Backend("bad", place));
        Assert.Equal("bad", SocketLbRig.Ask(rig.Vip(10)));
        rig.Set(port, new Backend("good", good.EndPoint), new Backend("bad", place));
        await bad.DisposeAsync();
        await Eventually.True(() => SocketLbRig.Ask(rig.Vip(10)) is null, "a client to meet the one that is down");

        time.Advance(TimeSpan.FromMilliseconds(100));
        for (var i = 0; i < 10; i++) Assert.Equal("good", SocketLbRig.Ask(rig.Vip(10)));
        // Probed in vain, and probed again.
        await using var again = SocketLbRig.Named("bad", place.Address, place.Port);
        await Eventually.True(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return again.Accepted > 0;
        }, "a probe");
        if (affinity) return;
        await Eventually.True(() => SocketLbRig.Ask(rig.Vip(10)) == "bad", "connections to it");
        Assert.Equal(1, rig.Balancer.Counters().Single().Sockets.Failed);
    }

    [Fact]
    public async Task Tcp_AllBackendsRefuse_AllAreUsedStill()
    {
        await using var a = SocketLbRig.Named("a");
        using var down = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        down.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var time = new FakeTimeProvider();
        await using var rig = new SocketLbRig(time: time);
        rig.Set(rig.Port(10), (IPEndPoint)down.LocalEndPoint!);
        Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
        time.Advance(TimeSpan.FromMilliseconds(100));
        // Refused by it, not for want of a backend: where all rest, all are used.
        Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal((2, 0), (rig.Balancer.Counters().Single().Sockets.Failed, rig.Balancer.Counters().Single().Refused));

        // One that was removed and comes back begins anew.
        rig.Set(rig.Port(10), a.EndPoint);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
    }
}
