using System.Net;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Services by the kernel's address translation, with real traffic: who answers whom, and by which address.</summary>
public sealed class KernelNatTests : KernelNatRig
{
    public static TheoryData<ServiceProtocol, bool, bool> Ways { get; } = new(
        from protocol in Enum.GetValues<ServiceProtocol>()
        from v6 in new[] { false, true }
        from remote in new[] { false, true }
        select (protocol, v6, remote));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Service_EveryWay_TakesTurnsAndTheRestIsRefused(ServiceProtocol protocol, bool v6, bool remote)
    {
        var (a, b) = (Server(0, protocol, v6, "a"), Server(1, protocol, v6, "b"));
        var port = Port(protocol);
        await SetAsync(port, a, b);
        var ns = remote ? Remote : null;
        var node = v6 ? Remote.HostAddress6 : Remote.HostAddress;
        foreach (var target in new[] { new IPEndPoint(Vip(10, v6), 80), new IPEndPoint(node, port.NodePort) })
        {
            var answers = new List<string>();
            for (var i = 0; i < 10; i++) answers.Add((await AskAsync(ns, target, protocol))[..1]);
            Assert.Equal([("a", 5), ("b", 5)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
        }

        var refused = Dataplane.Refusals!.Value.NoBackend;
        await RefusedAsync(ns, new IPEndPoint(Vip(10, v6), 81), protocol);
        await RefusedAsync(ns, new IPEndPoint(Vip(11, v6), 80), protocol);
        Assert.Equal(refused + 2, Dataplane.Refusals!.Value.NoBackend);
        await SetAsync(port);
        await RefusedAsync(ns, new IPEndPoint(Vip(10, v6), 80), protocol);
        await RefusedAsync(ns, new IPEndPoint(node, port.NodePort), protocol);
    }

    [Fact]
    public async Task Pod_ToItsOwnService_ReachesItselfAndIsSeenByTheNodesAddress()
    {
        await SetAsync(Port(ServiceProtocol.Tcp), Server(0, ServiceProtocol.Tcp, false, "a"));
        Assert.Equal($"a {Pod(0).HostAddress}", await AskAsync(Pod(0), new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp));
        Assert.Equal($"a {Pod(1).Address}", await AskAsync(Pod(1), new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp));
    }

    [Fact]
    public async Task Node_ToItsOwnAddressThatIsABackendToo_KeepsTheAddressItSpeaksFrom()
    {
        // Not the first of the node's networks, whose address a translation would give it.
        var own = Remote.HostAddress;
        await using var server = new TcpBackend(socket => socket.SendAllAsync(((IPEndPoint)socket.RemoteEndPoint!).Address.ToString()), own);
        await SetAsync(Port(ServiceProtocol.Tcp), server.EndPoint);
        Assert.Equal(own.ToString(), await AskAsync(null, server.EndPoint, ServiceProtocol.Tcp));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DualStack_BackendsOfBothFamilies_AnswerClientsOfBoth(bool sticky)
    {
        var port = new ServicePort(new ServicePortId("nat/dual", ServiceProtocol.Tcp), 80)
        {
            VirtualAddresses = [Vip(10, false), Vip(10, true)], NodePort = FreePort.Tcp(), AffinityTimeout = sticky ? TimeSpan.FromMinutes(5) : TimeSpan.Zero,
        };
        var (a, b) = (Dual(0, "a"), Dual(1, "b"));
        await SetAsync(a, b);
        foreach (var v6 in new[] { false, true })
        {
            foreach (var target in new[] { new IPEndPoint(Vip(10, v6), 80), new IPEndPoint(v6 ? Remote.HostAddress6 : Remote.HostAddress, port.NodePort) })
            {
                var answers = new List<string>();
                for (var i = 0; i < 4; i++) answers.Add((await AskAsync(Remote, target, ServiceProtocol.Tcp))[..1]);
                Assert.Equal(sticky ? 1 : 2, answers.Distinct().Count());
            }
        }

        await SetAsync(b);
        foreach (var v6 in new[] { false, true })
        {
            Assert.StartsWith("b", await AskAsync(Remote, new IPEndPoint(Vip(10, v6), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
            // Of both families it is seen by the node's address when it asks itself.
            Assert.Equal($"b {(v6 ? Pod(1).HostAddress6 : Pod(1).HostAddress)}", await AskAsync(Pod(1), new IPEndPoint(Vip(10, v6), 80), ServiceProtocol.Tcp));
        }

        Backend Dual(int pod, string name) => new(name, Server(pod, ServiceProtocol.Tcp, false, name)) { AlternateAddress = Server(pod, ServiceProtocol.Tcp, true, name) };

        Task SetAsync(params Backend[] backends)
        {
            Dataplane.Directory.Set(port, backends);
            return Dataplane.Publish();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Node_ToAService_SpeaksFromTheAddressOfTheWayItTakes(bool v6)
    {
        // To virtual addresses the default route leads, which is another network's.
        await SetAsync(Port(ServiceProtocol.Tcp), Server(0, ServiceProtocol.Tcp, v6, "a"));
        Assert.Equal($"a {(v6 ? Pod(0).HostAddress6 : Pod(0).HostAddress)}", await AskAsync(null, new IPEndPoint(Vip(10, v6), 80), ServiceProtocol.Tcp));
    }

    [Fact]
    public async Task PreferredZone_ItsBackendsAnswer_AndAllWhereItHasNone()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        var port = new ServicePort(new ServicePortId("nat/zone", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false)], NodePort = FreePort.Tcp(), PreferredZone = "here" };
        foreach (var (zone, answers) in new[] { ("here", "a"), ("elsewhere", "ab") })
        {
            Dataplane.Directory.Set(port, [new Backend("a", a) { Zone = zone }, new Backend("b", b) { Zone = "there" }]);
            await Dataplane.Publish();
            foreach (var target in new[] { new IPEndPoint(Vip(10, false), 80), new IPEndPoint(Remote.HostAddress, port.NodePort) })
            {
                var got = new List<string>();
                for (var i = 0; i < 4; i++) got.Add((await AskAsync(Remote, target, ServiceProtocol.Tcp))[..1]);
                Assert.Equal(answers, string.Concat(got.Distinct().Order()));
            }
        }
    }

    [Fact]
    public async Task PreferredZone_WithoutBackendsOfAFamily_LeavesThatFamilyToTheOtherZones()
    {
        var port = new ServicePort(new ServicePortId("nat/families", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false), Vip(10, true)], PreferredZone = "here" };
        var far = new Backend("b", Server(1, ServiceProtocol.Tcp, false, "b")) { AlternateAddress = Server(1, ServiceProtocol.Tcp, true, "b"), Zone = "there" };
        Dataplane.Directory.Set(port, [new Backend("a", Server(0, ServiceProtocol.Tcp, false, "a")) { Zone = "here" }, far]);
        await Dataplane.Publish();
        Assert.StartsWith("a", await AskAsync(Remote, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
        Assert.StartsWith("b", await AskAsync(Remote, new IPEndPoint(Vip(10, true), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MasqueradeAll_PodsOnOneBridge_ReachOneAnothersServices()
    {
        await Dataplane.DisposeAsync();
        await StartAsync(masqueradeAll: true);
        var bridge = $"cdb{Number}";
        Shell.Run("ip", "link", "add", bridge, "type", "bridge");
        try
        {
            // What the two say to each other is switched, and the node does not look at it.
            Shell.Run("sh", "-c", "test ! -e /proc/sys/net/bridge/bridge-nf-call-iptables || echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables");
            foreach (var (pod, other) in new[] { (Pod(0), Pod(1)), (Pod(1), Pod(0)) })
            {
                Shell.Run("ip", "addr", "flush", "dev", pod.HostEnd);
                Shell.Run("ip", "link", "set", pod.HostEnd, "master", bridge);
                Shell.Run("ip", "addr", "add", $"{pod.HostAddress}/24", "dev", bridge);
                Shell.Run("nsenter", $"--net={pod.Path}", "ip", "route", "add", $"{other.Address}/32", "dev", "eth0");
            }

            Shell.Run("ip", "link", "set", bridge, "up");
            await SetAsync(Named("nat/web"), Server(0, ServiceProtocol.Tcp, false, "a"));
            for (var i = 0; i < 3; i++) Assert.Equal($"a {Pod(0).HostAddress}", await AskAsync(Pod(1), new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp));
        }
        finally
        {
            Shell.Run("ip", "link", "del", bridge);
        }
    }

    [Fact]
    public async Task NodePort_WithoutEndpoints_ListenersOnLoopbackAreLeftAlone()
    {
        var port = Port(ServiceProtocol.Tcp);
        await SetAsync(port);
        foreach (var loopback in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            await using var host = new TcpBackend(socket => socket.SendAllAsync("host"), loopback, port.NodePort);
            Assert.Equal("host", await AskAsync(null, new IPEndPoint(loopback, port.NodePort), ServiceProtocol.Tcp));
        }
    }

    [Fact]
    public async Task ExternalPolicyLocal_ClientsBeyondKeepTheirAddressAndHaveLocalBackendsAlone()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        var port = new ServicePort(new ServicePortId("nat/local", ServiceProtocol.Tcp), 80)
        {
            VirtualAddresses = [Vip(10, false)], NodePort = FreePort.Tcp(), ExternalTrafficPolicy = TrafficPolicy.Local,
        };
        Dataplane.Directory.Set(port, [new Backend("a", a) { IsLocal = true }, new Backend("b", b)]);
        await Dataplane.Publish();
        var target = new IPEndPoint(Remote.HostAddress, port.NodePort);
        for (var i = 0; i < 4; i++) Assert.Equal($"a {Remote.Address}", await AskAsync(Remote, target, ServiceProtocol.Tcp));
        var inside = new[] { await AskAsync(null, target, ServiceProtocol.Tcp), await AskAsync(null, target, ServiceProtocol.Tcp) };
        Assert.Equal(["a", "b"], inside.Select(answer => answer[..1]).Order());
    }

    [Fact]
    public async Task SourceRanges_KeepOthersFromTheLoadBalancerAddressAlone()
    {
        var external = IPAddress.Parse($"198.18.100.{Number}");
        var port = new ServicePort(new ServicePortId("nat/lb", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false)], LoadBalancerAddresses = [external] };
        var a = Server(0, ServiceProtocol.Tcp, false, "a");
        foreach (var (range, admitted) in new[] { ("203.0.113.0/24", false), ($"{Remote.Address}/32", true) })
        {
            await SetAsync(new ServicePort(port.Id, 80) { VirtualAddresses = port.VirtualAddresses, LoadBalancerAddresses = port.LoadBalancerAddresses, SourceRanges = [IPNetwork.Parse(range)] }, a);
            var refused = Dataplane.Refusals!.Value.SourceRefused;
            if (admitted) Assert.StartsWith("a", await AskAsync(Remote, new IPEndPoint(external, 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
            else await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(Remote, new IPEndPoint(external, 80), ServiceProtocol.Tcp, patienceSeconds: 1));
            Assert.StartsWith("a", await AskAsync(Remote, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
            Assert.Equal(admitted, Dataplane.Refusals!.Value.SourceRefused == refused);
        }
    }

    [Fact]
    public async Task Udp_FromTheNodeToAServerOfItsOwn_IsAnswered()
    {
        // On all addresses, as most servers are: it answers by whichever the kernel takes for the client's.
        await using var own = new UdpBackend("own", IPAddress.Any);
        await SetAsync(Port(ServiceProtocol.Udp), new IPEndPoint(IPAddress.Parse("10.254.0.1"), own.EndPoint.Port));
        for (var i = 0; i < 3; i++) Assert.Equal("own:x", await AskAsync(null, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Udp));
    }
}
