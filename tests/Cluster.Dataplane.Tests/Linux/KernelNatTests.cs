using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Services by the kernel's address translation, with real traffic: pods and remote clients are namespaces.</summary>
public sealed class KernelNatTests : IAsyncLifetime
{
    private static int _count;
    private readonly int _number = 1 + (Interlocked.Increment(ref _count) % 100);
    private readonly List<NamespaceServer> _servers = [];
    private readonly List<NetNamespace> _namespaces = [];
    private NodeDataplane _dataplane = null!;
    private LinuxVirtualAddresses _addresses = null!;

    public static TheoryData<ServiceProtocol, bool, bool> Ways { get; } = new(
        from protocol in Enum.GetValues<ServiceProtocol>()
        from v6 in new[] { false, true }
        from remote in new[] { false, true }
        select (protocol, v6, remote));

    private string Table => $"cluster_nat_test_{_number}";

    public async ValueTask InitializeAsync()
    {
        // A host may forward and yet drop what a container engine did not ask for.
        Assert.SkipUnless(Shell.CanChangeHost && ForwardingNamespace.IsHere, "run by KernelNatNamespaceTests");
        for (var i = 0; i < 3; i++) _namespaces.Add(new NetNamespace(700 + (3 * _number) + i - 3));
        await StartAsync();
    }

    private async Task StartAsync(TimeSpan? verifyPeriod = null, bool masqueradeAll = false)
    {
        _addresses = new LinuxVirtualAddresses(new LinuxAddressOptions { Table = $"cluster_nat_dns_{_number}", RouteProtocol = 199 }, NullLogger.Instance);
        var options = new DataplaneOptions
        {
            VerifyPeriod = verifyPeriod ?? TimeSpan.FromSeconds(30),
            KernelNat = new NatOptions
            {
                Table = Table,
                MasqueradeAll = masqueradeAll,
                Ranges = [IPNetwork.Parse($"10.197.{100 + _number}.0/24"), IPNetwork.Parse($"fd00:10:197:{100 + _number}::/112")],
                // The second namespace is a pod, the third a machine beyond the cluster.
                PodRanges = [new IPNetwork(Pod(0).Address, 32), new IPNetwork(Pod(1).Address, 32), new IPNetwork(Pod(0).Address6, 128), new IPNetwork(Pod(1).Address6, 128)],
            },
        };
        _dataplane = new NodeDataplane(options, _addresses, NullLoggerFactory.Instance, TimeProvider.System);
        await _dataplane.StartAsync([], CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_dataplane is null) return;
        await _dataplane.DisposeAsync();
        await NatTable.RemoveAsync(Table, CancellationToken.None);
        await _addresses.RemoveAsync(CancellationToken.None);
        foreach (var server in _servers) await server.DisposeAsync();
        foreach (var ns in _namespaces) ns.Dispose();
        Assert.DoesNotContain(Table + "\n", Shell.Run("nft", "list", "tables"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Service_EveryWay_TakesTurnsAndTheRestIsRefused(ServiceProtocol protocol, bool v6, bool remote)
    {
        var (a, b) = (Server(0, protocol, v6, "a"), Server(1, protocol, v6, "b"));
        var port = Port(protocol);
        await SetAsync(port, a, b);
        var ns = remote ? _namespaces[2] : null;
        var node = v6 ? _namespaces[2].HostAddress6 : _namespaces[2].HostAddress;
        foreach (var target in new[] { new IPEndPoint(Vip(10, v6), 80), new IPEndPoint(node, port.NodePort) })
        {
            var answers = new List<string>();
            for (var i = 0; i < 10; i++) answers.Add((await AskAsync(ns, target, protocol))[..1]);
            Assert.Equal([("a", 5), ("b", 5)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
        }

        await RefusedAsync(ns, new IPEndPoint(Vip(10, v6), 81), protocol);
        await RefusedAsync(ns, new IPEndPoint(Vip(11, v6), 80), protocol);
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
        var own = _namespaces[2].HostAddress;
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
            foreach (var target in new[] { new IPEndPoint(Vip(10, v6), 80), new IPEndPoint(v6 ? _namespaces[2].HostAddress6 : _namespaces[2].HostAddress, port.NodePort) })
            {
                var answers = new List<string>();
                for (var i = 0; i < 4; i++) answers.Add((await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp))[..1]);
                Assert.Equal(sticky ? 1 : 2, answers.Distinct().Count());
            }
        }

        await SetAsync(b);
        foreach (var v6 in new[] { false, true })
        {
            Assert.StartsWith("b", await AskAsync(_namespaces[2], new IPEndPoint(Vip(10, v6), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
            // Of both families it is seen by the node's address when it asks itself.
            Assert.Equal($"b {(v6 ? Pod(1).HostAddress6 : Pod(1).HostAddress)}", await AskAsync(Pod(1), new IPEndPoint(Vip(10, v6), 80), ServiceProtocol.Tcp));
        }

        Backend Dual(int pod, string name) => new(name, Server(pod, ServiceProtocol.Tcp, false, name)) { AlternateAddress = Server(pod, ServiceProtocol.Tcp, true, name) };

        Task SetAsync(params Backend[] backends)
        {
            _dataplane.Directory.Set(port, backends);
            return _dataplane.Publish();
        }
    }

    [Fact]
    public async Task Udp_FlowsBegunBeforeTheService_AreLedToItOnceItIsThere()
    {
        var external = IPAddress.Parse($"198.18.101.{_number}");
        var port = new ServicePort(new ServicePortId("nat/late", ServiceProtocol.Udp), 80) { ExternalAddresses = [external], NodePort = FreePort.Tcp() };
        foreach (var target in new[] { new IPEndPoint(external, 80), new IPEndPoint(_namespaces[2].HostAddress, port.NodePort) })
        {
            using var client = await ConnectAsync(_namespaces[2], target, ServiceProtocol.Udp);
            for (var i = 0; i < 3; i++) Assert.Null(await TryAskAsync(client, patienceMilliseconds: 100));
            await SetAsync(port, Server(0, ServiceProtocol.Udp, false, "a"));
            await Eventually.True(async () => (await TryAskAsync(client))?[..1] == "a", $"an answer from {target}");
            _dataplane.Directory.Remove(port.Id);
            await _dataplane.Publish();
        }
    }

    [Fact]
    public async Task Backend_SegmentOutsideOfTheWindow_DoesNotEndTheConnection()
    {
        using var listener = Pod(0).Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(Pod(0).Address, 0));
        listener.Listen();
        await SetAsync(Port(ServiceProtocol.Tcp), (IPEndPoint)listener.LocalEndPoint!);
        foreach (var ns in new[] { Pod(1), null })
        {
            using var client = await ConnectAsync(ns, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp);
            using var server = await listener.AcceptAsync();
            await TalkAsync(client, server);
            var segment = RawSegment.OutsideOfTheWindow(server);
            using (var raw = Pod(0).Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Tcp)) raw.SendTo(segment, new IPEndPoint(((IPEndPoint)server.RemoteEndPoint!).Address, 0));
            // Untranslated it would reach a client that knows nothing of its sender, and be answered by a reset.
            for (var i = 0; i < 5; i++) await TalkAsync(client, server);
        }

        static async Task TalkAsync(Socket client, Socket server)
        {
            var buffer = new byte[1];
            await client.SendAsync("x"u8.ToArray());
            Assert.Equal(1, await server.ReceiveAsync(buffer));
            await server.SendAsync(buffer);
            Assert.Equal(1, await client.ReceiveAsync(buffer));
        }
    }

    [Fact]
    public async Task Set_WhereSomeoneChangedTheTable_IsMadeWholeAndChangesFollow()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        ServicePort Other(int host) => new(new ServicePortId($"nat/other{host}", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(host, false)] };
        await SetAsync(Named("nat/web"), a);
        await SetAsync(Other(11), b);
        Shell.Run("nft", "delete", "element", "inet", Table, "services4", $"{{ {Vip(10, false)} . tcp . 80 }}");
        await SetAsync(Other(12), b);
        await SetAsync(Named("nat/web"));
        await RefusedAsync(null, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp);
        await SetAsync(Named("nat/web"), b);
        foreach (var host in new[] { 10, 11, 12 }) Assert.StartsWith("b", await AskAsync(null, new IPEndPoint(Vip(host, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_RulesOfTheFrameAreGone_ArePutBack()
    {
        await _dataplane.DisposeAsync();
        await StartAsync(TimeSpan.FromMilliseconds(200));
        var a = Server(0, ServiceProtocol.Tcp, false, "a");
        await SetAsync(Named("nat/web"), a);
        Assert.StartsWith("a", await AskAsync(null, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
        Shell.Run("nft", "flush", "table", "inet", Table);
        // The frame is back a moment before its services are.
        await Eventually.True(IsServedAsync, "the service to be back");

        async Task<bool> IsServedAsync()
        {
            try
            {
                return (await AskAsync(null, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp, patienceSeconds: 1))[..1] == "a";
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                return false;
            }
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
            _dataplane.Directory.Set(port, [new Backend("a", a) { Zone = zone }, new Backend("b", b) { Zone = "there" }]);
            await _dataplane.Publish();
            foreach (var target in new[] { new IPEndPoint(Vip(10, false), 80), new IPEndPoint(_namespaces[2].HostAddress, port.NodePort) })
            {
                var got = new List<string>();
                for (var i = 0; i < 4; i++) got.Add((await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp))[..1]);
                Assert.Equal(answers, string.Concat(got.Distinct().Order()));
            }
        }
    }

    [Fact]
    public async Task PreferredZone_WithoutBackendsOfAFamily_LeavesThatFamilyToTheOtherZones()
    {
        var port = new ServicePort(new ServicePortId("nat/families", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false), Vip(10, true)], PreferredZone = "here" };
        var far = new Backend("b", Server(1, ServiceProtocol.Tcp, false, "b")) { AlternateAddress = Server(1, ServiceProtocol.Tcp, true, "b"), Zone = "there" };
        _dataplane.Directory.Set(port, [new Backend("a", Server(0, ServiceProtocol.Tcp, false, "a")) { Zone = "here" }, far]);
        await _dataplane.Publish();
        Assert.StartsWith("a", await AskAsync(_namespaces[2], new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
        Assert.StartsWith("b", await AskAsync(_namespaces[2], new IPEndPoint(Vip(10, true), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MasqueradeAll_PodsOnOneBridge_ReachOneAnothersServices()
    {
        await _dataplane.DisposeAsync();
        await StartAsync(masqueradeAll: true);
        var bridge = $"cdb{_number}";
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
        _dataplane.Directory.Set(port, [new Backend("a", a) { IsLocal = true }, new Backend("b", b)]);
        await _dataplane.Publish();
        var target = new IPEndPoint(_namespaces[2].HostAddress, port.NodePort);
        for (var i = 0; i < 4; i++) Assert.Equal($"a {_namespaces[2].Address}", await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp));
        var inside = new[] { await AskAsync(null, target, ServiceProtocol.Tcp), await AskAsync(null, target, ServiceProtocol.Tcp) };
        Assert.Equal(["a", "b"], inside.Select(answer => answer[..1]).Order());
    }

    [Fact]
    public async Task SourceRanges_KeepOthersFromTheLoadBalancerAddressAlone()
    {
        var external = IPAddress.Parse($"198.18.100.{_number}");
        var port = new ServicePort(new ServicePortId("nat/lb", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false)], LoadBalancerAddresses = [external] };
        var a = Server(0, ServiceProtocol.Tcp, false, "a");
        foreach (var (range, admitted) in new[] { ("203.0.113.0/24", false), ($"{_namespaces[2].Address}/32", true) })
        {
            await SetAsync(new ServicePort(port.Id, 80) { VirtualAddresses = port.VirtualAddresses, LoadBalancerAddresses = port.LoadBalancerAddresses, SourceRanges = [IPNetwork.Parse(range)] }, a);
            if (admitted) Assert.StartsWith("a", await AskAsync(_namespaces[2], new IPEndPoint(external, 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
            else await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(_namespaces[2], new IPEndPoint(external, 80), ServiceProtocol.Tcp, patienceSeconds: 1));
            Assert.StartsWith("a", await AskAsync(_namespaces[2], new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Affinity_ClientKeepsItsBackendThroughOtherChanges()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        var port = new ServicePort(new ServicePortId("nat/sticky", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false)], AffinityTimeout = TimeSpan.FromMinutes(5) };
        await SetAsync(port, a, b);
        var target = new IPEndPoint(Vip(10, false), 80);
        var first = await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp);
        for (var i = 0; i < 4; i++) Assert.Equal(first, await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp));
        // Another backend comes, in front of them, and the client stays.
        await SetAsync(port, new IPEndPoint(IPAddress.Parse("192.0.2.200"), 9), a, b);
        for (var i = 0; i < 4; i++) Assert.Equal(first, await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp));
        var other = first[0] == 'a' ? b : a;
        await SetAsync(port, other);
        Assert.NotEqual(first[..1], (await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp))[..1]);
    }

    [Fact]
    public async Task Set_AnotherService_LeavesTheFirstOnesChainAndConnectionAlone()
    {
        await using var echo = new NamespaceServer(Pod(0), ServiceProtocol.Tcp, false, null, 8081);
        await SetAsync(Port(ServiceProtocol.Tcp), echo.EndPoint);
        using var established = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await established.ConnectAsync(Vip(10, false), 80);
        await established.SendAllAsync("before");
        var handle = Handle();
        for (var i = 0; i < 5; i++)
        {
            var other = new ServicePort(new ServicePortId($"nat/other{i}", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(20 + i, false)] };
            await SetAsync(other, Server(1, ServiceProtocol.Tcp, false, "o"));
            Assert.StartsWith("o", await AskAsync(null, new IPEndPoint(Vip(20 + i, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
            _dataplane.Directory.Remove(other.Id);
            await _dataplane.Publish();
            await RefusedAsync(null, new IPEndPoint(Vip(20 + i, false), 80), ServiceProtocol.Tcp);
        }

        Assert.Equal(handle, Handle());
        await established.SendAllAsync(" and after");
        established.Shutdown(SocketShutdown.Send);
        Assert.Equal("before and after", await established.ReceiveTextToEndAsync());

        // The rules, which nft shows with the handles they were made with.
        string Handle() => Shell.Run("nft", "-a", "list", "table", "inet", Table).Split('\n').Where(line => line.Contains("dnat ip to", StringComparison.Ordinal)).Aggregate("", string.Concat);
    }

    [Fact]
    public async Task Set_AsManyBackends_ChangesElementsAlone()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        var absent = new IPEndPoint(IPAddress.Parse("192.0.2.200"), 9);
        await SetAsync(Named("nat/web"), absent, a, absent);
        var rules = Rules();
        Assert.Contains("numgen inc mod 3", rules, StringComparison.Ordinal);
        await SetAsync(Named("nat/web"), a, b, b);
        Assert.Equal(rules, Rules());
        var answers = new List<string>();
        for (var i = 0; i < 30; i++) answers.Add((await AskAsync(null, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp))[..1]);
        Assert.Equal([("a", 10), ("b", 20)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());

        // With the handles they were made with.
        string Rules() => Shell.Run("nft", "-a", "list", "table", "inet", Table).Split('\n').Where(line => line.Contains("numgen", StringComparison.Ordinal)).Aggregate("", string.Concat);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Udp_BackendGone_FlowsMoveToAnother_AndOthersStay(bool v6)
    {
        var (a, b) = (Server(0, ServiceProtocol.Udp, v6, "a"), Server(1, ServiceProtocol.Udp, v6, "b"));
        var port = Port(ServiceProtocol.Udp);
        await SetAsync(port, a, b);
        var target = new IPEndPoint(Vip(10, v6), 80);
        using var first = await ConnectAsync(_namespaces[2], target, ServiceProtocol.Udp);
        using var second = await ConnectAsync(null, target, ServiceProtocol.Udp);
        var (answer, other) = (await AskAsync(first), await AskAsync(second));
        Assert.NotEqual(answer[..1], other[..1]);
        for (var i = 0; i < 3; i++) Assert.Equal(answer, await AskAsync(first));
        await SetAsync(port, answer[0] == 'a' ? b : a);
        await Eventually.True(async () => (await TryAskAsync(first))?[..1] == other[..1], "the flow to move");
        Assert.Equal(other, await AskAsync(second));
        _dataplane.Directory.Remove(port.Id);
        await _dataplane.Publish();
        await Eventually.True(async () => await TryAskAsync(first) is null, "the flow to end with its service");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Affinity_BackendGoneAndAnotherAtItsAddress_ClientsAreBalancedAnew(bool v6)
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, v6, "a"), Server(1, ServiceProtocol.Tcp, v6, "b"));
        var port = Sticky(v6);
        var target = new IPEndPoint(Vip(10, v6), 80);
        Set(new Backend("old", a));
        await _dataplane.Publish();
        Assert.StartsWith("a", await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        Set(new Backend("b", b));
        await _dataplane.Publish();
        Assert.StartsWith("b", await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        // The client is b's by now, and stays it when others come, one of them where its first one was.
        Set(new Backend("new", a), new Backend("b", b), new Backend("newer", new IPEndPoint(a.Address, a.Port)));
        await _dataplane.Publish();
        for (var i = 0; i < 4; i++) Assert.StartsWith("b", await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        Assert.Contains("update @clients", Shell.Run("nft", "list", "table", "inet", Table), StringComparison.Ordinal);

        void Set(params Backend[] backends) => _dataplane.Directory.Set(port, backends);
    }

    [Fact]
    public async Task Restart_ClientsKeepTheirBackends_AndWhatIsGoneIsRefused()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        await SetAsync(Sticky(v6: false), a, b);
        var gone = new ServicePort(new ServicePortId("nat/gone", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(11, false)] };
        await SetAsync(gone, a);
        var target = new IPEndPoint(Vip(10, false), 80);
        var first = await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp);
        var second = await AskAsync(Pod(1), target, ServiceProtocol.Tcp);
        Assert.NotEqual(first[..1], second[..1]);

        await _dataplane.DisposeAsync();
        await StartAsync();
        Assert.Equal(first, await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp));
        Assert.StartsWith("a", await AskAsync(null, new IPEndPoint(Vip(11, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
        await SetAsync(Sticky(v6: false), a, b);
        for (var i = 0; i < 4; i++) Assert.Equal(first, await AskAsync(_namespaces[2], target, ServiceProtocol.Tcp));
        for (var i = 0; i < 4; i++) Assert.Equal(second, await AskAsync(Pod(1), target, ServiceProtocol.Tcp));
        await RefusedAsync(null, new IPEndPoint(Vip(11, false), 80), ServiceProtocol.Tcp);
    }

    [Fact]
    public async Task Set_RemovedAndSetAgainAtOnce_IsServed()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        await SetAsync(Named("nat/web"), a);
        _dataplane.Directory.Remove(Named("nat/web").Id);
        await SetAsync(Named("nat/web"), b);
        Assert.StartsWith("b", await AskAsync(null, new IPEndPoint(Vip(10, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_PortRenamed_PassesThePlaceOnAndLaterChangesFollow()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        var target = new IPEndPoint(Vip(10, false), 80);
        await SetAsync(Named("nat/web"), a);
        // As the proxy does: the new name is set before the old one is removed.
        _dataplane.Directory.Set(Named("nat/web:http"), [new Backend("b", b)]);
        _dataplane.Directory.Remove(Named("nat/web").Id);
        await _dataplane.Publish();
        Assert.StartsWith("b", await AskAsync(null, target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        await SetAsync(Named("nat/web:http"), a);
        Assert.StartsWith("a", await AskAsync(null, target, ServiceProtocol.Tcp), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_TwoServicesOfOnePlace_FirstKeepsItUntilItGoesAndOthersFollow()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        var target = new IPEndPoint(Vip(10, false), 80);
        var reports = new ConcurrentQueue<(Frontend Frontend, FrontendResult Result)>();
        _dataplane.FrontendReported += (frontend, result) => reports.Enqueue((frontend, result));
        await SetAsync(Named("nat/first"), a);
        await SetAsync(Named("nat/second"), b);
        Assert.StartsWith("a", await AskAsync(null, target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        var report = Assert.Single(reports);
        Assert.Equal(($"nat/second/TCP on {target}", "nat/first/TCP has this address and port"), (report.Frontend.ToString(), report.Result.Message));
        // The change of a third one is not held up.
        await SetAsync(new ServicePort(new ServicePortId("nat/third", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(11, false)] }, b);
        Assert.StartsWith("b", await AskAsync(null, new IPEndPoint(Vip(11, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
        _dataplane.Directory.Remove(Named("nat/first").Id);
        await _dataplane.Publish();
        Assert.StartsWith("b", await AskAsync(null, target, ServiceProtocol.Tcp), StringComparison.Ordinal);

        // One that no longer asks for the place it went without.
        await SetAsync(Named("nat/first"), a);
        _dataplane.Directory.Remove(Named("nat/first").Id);
        await _dataplane.Publish();
        Assert.Equal([FrontendError.PortInUse, FrontendError.None, FrontendError.PortInUse, FrontendError.Withdrawn], reports.Select(told => told.Result.Error));
    }

    private ServicePort Sticky(bool v6) =>
        new(new ServicePortId("nat/sticky", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, v6)], AffinityTimeout = TimeSpan.FromMinutes(5) };

    private ServicePort Named(string name) => new(new ServicePortId(name, ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false)] };

    private NetNamespace Pod(int number) => _namespaces[number];

    private IPAddress Vip(int host, bool v6) => IPAddress.Parse(v6 ? $"fd00:10:197:{100 + _number}::{host:x}" : $"10.197.{100 + _number}.{host}");

    private ServicePort Port(ServiceProtocol protocol) => new(new ServicePortId("nat/web", protocol), 80) { VirtualAddresses = [Vip(10, false), Vip(10, true)], NodePort = FreePort.Tcp() };

    private Task SetAsync(ServicePort port, params IPEndPoint[] backends)
    {
        _dataplane.Directory.Set(port, [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);
        return _dataplane.Publish();
    }

    private IPEndPoint Server(int pod, ServiceProtocol protocol, bool v6, string name)
    {
        var server = new NamespaceServer(Pod(pod), protocol, v6, name, FreePort.Tcp());
        _servers.Add(server);
        return server.EndPoint;
    }

    // An answer that is under way while the kernel forgets its flow is lost.
    private static async Task<string?> TryAskAsync(Socket socket, int patienceMilliseconds = 1000)
    {
        try
        {
            return await AskAsync(socket, TimeSpan.FromMilliseconds(patienceMilliseconds));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<string> AskAsync(NetNamespace? ns, IPEndPoint target, ServiceProtocol protocol, int patienceSeconds = 10)
    {
        using var socket = await ConnectAsync(ns, target, protocol, patienceSeconds);
        return await AskAsync(socket, TimeSpan.FromSeconds(patienceSeconds));
    }

    private static async Task<Socket> ConnectAsync(NetNamespace? ns, IPEndPoint target, ServiceProtocol protocol, int patienceSeconds = 10)
    {
        var type = protocol == ServiceProtocol.Tcp ? SocketType.Stream : SocketType.Dgram;
        var socket = ns?.Socket(target.AddressFamily, type, 0) ?? new Socket(target.AddressFamily, type, 0);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(patienceSeconds));
        try
        {
            await socket.ConnectAsync(target, patience.Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<string> AskAsync(Socket socket, TimeSpan? limit = null)
    {
        if (socket.SocketType == SocketType.Stream)
        {
            socket.Shutdown(SocketShutdown.Send);
            return await socket.ReceiveTextToEndAsync();
        }

        using var patience = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(10));
        await socket.SendAsync("x"u8.ToArray());
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
    }

    private static async Task RefusedAsync(NetNamespace? ns, IPEndPoint target, ServiceProtocol protocol)
    {
        var refused = await Assert.ThrowsAsync<SocketException>(() => AskAsync(ns, target, protocol));
        // A datagram of the node itself is refused as it is sent, which the kernel calls "not permitted".
        Assert.Contains(refused.SocketErrorCode, new[] { SocketError.ConnectionRefused, SocketError.AccessDenied });
    }
}
