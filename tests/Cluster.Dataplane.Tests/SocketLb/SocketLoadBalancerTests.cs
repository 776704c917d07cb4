using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>Which sockets are led to which backends: policies, families, namespaces, and services that stay out.</summary>
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

    [Fact]
    public async Task Affinity_ManyThreadsConnectAtOnce_AllHaveOneBackend()
    {
        await using var rig = new SocketLbRig();
        var port = rig.Port(10, ServiceProtocol.Udp, affinity: TimeSpan.FromHours(1));
        var backends = Enumerable.Range(1, 3).Select(i => new Backend($"pod-{i}", new IPEndPoint(IPAddress.Loopback, 9000 + i))).ToArray();
        rig.Set(port, backends);
        var target = new IPEndPoint(rig.Vip(10), 80);
        // A socket of UDP that connects sends nothing: the program alone runs.
        using (var first = SocketLbRig.Datagram()) first.Connect(target);
        Parallel.For(0, 4, _ =>
        {
            using var socket = SocketLbRig.Datagram();
            for (var i = 0; i < 50_000; i++) socket.Connect(target);
        });
        var opened = backends.Select(backend => rig.Balancer.Counters(port.Id, backend).Opened).Order();
        Assert.Equal([0, 0, 200_001], opened);
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
}
