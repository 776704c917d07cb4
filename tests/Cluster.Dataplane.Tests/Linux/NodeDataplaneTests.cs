using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>The data plane on the real host: virtual addresses, node ports, refusals, seen from the host and from a namespace.</summary>
public abstract class NodeDataplaneTests(Capture capture)
{
    private const int Requests = 300;

    public enum From
    {
        Host,
        Namespace,
    }

    [Theory]
    [InlineData(From.Host, false)]
    [InlineData(From.Namespace, false)]
    [InlineData(From.Host, true)]
    [InlineData(From.Namespace, true)]
    public async Task Tcp_ThreeHundredRequestsOverThree_AreSpreadEvenly(From from, bool nodePort)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var b = new TcpBackend(socket => socket.SendAllAsync("b"));
        await using var c = new TcpBackend(socket => socket.SendAllAsync("c"));
        await using var rig = await new DataplaneRig(capture: capture).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var port = rig.Port(10, 80, nodePort: FreePort.Tcp());
        await rig.SetAsync(port, a.EndPoint, b.EndPoint, c.EndPoint);

        var target = nodePort ? new IPEndPoint(from == From.Host ? IPAddress.Loopback : ns.HostAddress, port.NodePort) : new IPEndPoint(rig.Vip(10), 80);
        var answers = new List<string>();
        for (var i = 0; i < Requests; i++) answers.Add(await DataplaneRig.AskTcpAsync(Stream(from, ns), target));
        AssertEven(answers);
    }

    [Theory]
    [InlineData(From.Host, false)]
    [InlineData(From.Namespace, false)]
    [InlineData(From.Host, true)]
    [InlineData(From.Namespace, true)]
    public async Task Udp_ThreeHundredClientsOverThree_AreSpreadEvenly(From from, bool nodePort)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var c = new UdpBackend("c");
        await using var rig = new DataplaneRig(capture: capture);
        using var ns = new NetNamespace(rig.Number);
        await rig.StartAsync();
        var port = rig.Port(10, 53, ServiceProtocol.Udp, FreePort.Udp());
        await rig.SetAsync(port, a.EndPoint, b.EndPoint, c.EndPoint);

        var target = nodePort ? new IPEndPoint(from == From.Host ? IPAddress.Loopback : ns.HostAddress, port.NodePort) : new IPEndPoint(rig.Vip(10), 53);
        var answers = new List<string>();
        // All stay open to the end: a client that got the port of one closed a moment before would be that one to its session, not a new one.
        var clients = Enumerable.Range(0, Requests).Select(_ => Datagram(from, ns)).ToList();
        foreach (var client in clients)
        {
            await client.ConnectAsync(target);
            answers.Add(await UdpRelayRig.AskAsync(client, "x"));
        }

        foreach (var client in clients) client.Dispose();
        AssertEven(answers);
    }

    /// <summary>From where, by which protocol, over IPv6 or not.</summary>
    public static TheoryData<From, ServiceProtocol, bool> Ways { get; } = new(
        from place in Enum.GetValues<From>()
        from protocol in Enum.GetValues<ServiceProtocol>()
        from v6 in new[] { false, true }
        select (place, protocol, v6));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task VirtualAddress_EveryWay_AnswersAndTheRestIsRefusedAtOnceThoughAHostListensEverywhere(From from, ServiceProtocol protocol, bool v6)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        Assert.SkipUnless(!v6 || Socket.OSSupportsIPv6, "needs IPv6");
        await using var host = new TcpBackend(socket => socket.SendAllAsync("host"), v6 ? IPAddress.IPv6Any : IPAddress.Any);
        await using var hostUdp = new UdpBackend("host", v6 ? IPAddress.IPv6Any : IPAddress.Any);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var b = new UdpBackend("a");
        await using var rig = new DataplaneRig(capture: capture);
        using var ns = new NetNamespace(rig.Number);
        await rig.StartAsync();
        await rig.SetAsync(rig.Port(10, 80, protocol), protocol == ServiceProtocol.Tcp ? a.EndPoint : b.EndPoint);
        var open = protocol == ServiceProtocol.Tcp ? host.EndPoint.Port : hostUdp.EndPoint.Port;

        Assert.StartsWith("a", await AskAsync(Make(), new IPEndPoint(Vip(10), 80)), StringComparison.Ordinal);
        // No more than these: the kernel tells one host of unreachable ports six times in a row, then once a second.
        foreach (var (address, port) in new[] { (10, open), (99, open), (10, 81), (99, 80) }) await AssertRefusedAsync(Make(), new IPEndPoint(Vip(address), port));

        // The host's own listener is where it was: on the host's own address.
        var own = new IPEndPoint(v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, open);
        Assert.StartsWith("host", await AskAsync(Client(From.Host, null, protocol, v6), own), StringComparison.Ordinal);

        Socket Make() => Client(from, ns, protocol, v6);
        IPAddress Vip(int number) => v6 ? rig.Vip6(number) : rig.Vip(number);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task NodePort_EveryWay_Answers(From from, ServiceProtocol protocol, bool v6)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        Assert.SkipUnless(!v6 || Socket.OSSupportsIPv6, "needs IPv6");
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var b = new UdpBackend("a");
        await using var rig = new DataplaneRig(capture: capture);
        using var ns = new NetNamespace(rig.Number);
        await rig.StartAsync();
        var port = rig.Port(10, 80, protocol, FreePort.Tcp());
        await rig.SetAsync(port, protocol == ServiceProtocol.Tcp ? a.EndPoint : b.EndPoint);
        var loopback = v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        var target = new IPEndPoint(from == From.Host ? loopback : v6 ? ns.HostAddress6 : ns.HostAddress, port.NodePort);
        Assert.StartsWith("a", await AskAsync(Client(from, ns, protocol, v6), target), StringComparison.Ordinal);
        // A node port is the node's, not that of virtual addresses.
        await AssertRefusedAsync(Client(from, ns, protocol, v6), new IPEndPoint(v6 ? rig.Vip6(10) : rig.Vip(10), port.NodePort));
    }

    [Fact]
    public async Task Udp_NodePortOnAnAddressThatComesLater_Answers()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new UdpBackend("a");
        await using var rig = await new DataplaneRig(capture: capture).StartAsync();
        var port = rig.Port(10, 53, ServiceProtocol.Udp, FreePort.Udp());
        await rig.SetAsync(port, a.EndPoint);
        using var ns = new NetNamespace(rig.Number);
        await Eventually.True(async () =>
        {
            try
            {
                return await DataplaneRig.AskUdpAsync(Datagram(From.Namespace, ns), new IPEndPoint(ns.HostAddress, port.NodePort)) == "a:x";
            }
            catch (SocketException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task Tcp_WithoutBackends_IsRefusedAtOnceAndComesBack()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = await new DataplaneRig(capture: capture).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var target = new IPEndPoint(rig.Vip(10), 80);
        await rig.SetAsync(rig.Port(10, 80), a.EndPoint);
        using var established = Stream(From.Namespace, ns);
        await established.ConnectAsync(target);
        await established.SendAllAsync("before");
        await Eventually.True(() => a.Accepted == 1);

        await rig.SetAsync(rig.Port(10, 80));
        await AssertRefusedAsync(Stream(From.Host, ns), target);
        await AssertRefusedAsync(Stream(From.Namespace, ns), target);

        // What was established goes on: the guard looks at new connections only.
        await established.SendAllAsync(" and after");
        established.Shutdown(SocketShutdown.Send);
        Assert.Equal("before and after", await established.ReceiveTextToEndAsync());

        await rig.SetAsync(rig.Port(10, 80), a.EndPoint);
        using var again = Stream(From.Namespace, ns);
        await again.ConnectAsync(target);
    }

    [Fact]
    public async Task Udp_WithoutBackends_GetsPortUnreachableAndComesBack()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new UdpBackend("a");
        await using var rig = await new DataplaneRig(capture: capture).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var target = new IPEndPoint(rig.Vip(10), 53);
        await rig.SetAsync(rig.Port(10, 53, ServiceProtocol.Udp));
        var refused = await Assert.ThrowsAsync<SocketException>(() => DataplaneRig.AskUdpAsync(Datagram(From.Namespace, ns), target));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        await rig.SetAsync(rig.Port(10, 53, ServiceProtocol.Udp), a.EndPoint);
        Assert.Equal("a:x", await DataplaneRig.AskUdpAsync(Datagram(From.Namespace, ns), target));
    }

    [Fact]
    public async Task Host_ToVirtualAddress_SpeaksFromTheNodesAddress()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = await new DataplaneRig(capture: capture).StartAsync();
        await rig.SetAsync(rig.Port(10, 80), a.EndPoint);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(rig.Vip(10), 80);
        var node = Cluster.Dataplane.Addresses.NodeAddresses.OfDefaultRoute(AddressFamily.InterNetwork);
        Assert.Equal(node, ((IPEndPoint)client.LocalEndPoint!).Address);
    }

    [Fact]
    public async Task Set_PlaceOfAnotherService_IsReportedAndServedOnceThatIsGone()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var b = new TcpBackend(socket => socket.SendAllAsync("b"));
        await using var rig = await new DataplaneRig(capture: capture).StartAsync();
        var first = rig.Port(10, 80);
        var second = new ServicePort(new ServicePortId("test/second", ServiceProtocol.Tcp), 80) { VirtualAddresses = first.VirtualAddresses };
        await rig.SetAsync(first, a.EndPoint);
        await rig.SetAsync(second, b.EndPoint);
        Assert.Contains(rig.Reports, report => report.Frontend.Id == second.Id && report.Result.Error == FrontendError.PortInUse);

        rig.Dataplane.Directory.Remove(first.Id);
        await rig.Dataplane.Publish();
        await Eventually.True(() => rig.Reports.Any(report => report.Result.IsOpen), "the second service to be opened");
        Assert.Equal("b", await DataplaneRig.AskTcpAsync(Stream(From.Host, null), new IPEndPoint(rig.Vip(10), 80)));
    }

    [Fact]
    public async Task Set_ExternalAddressOutsideTheRange_IsMadeLocalGuardedAndGivenUp()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), IPAddress.Any);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var rig = await new DataplaneRig(capture: capture).StartAsync();
        var external = IPAddress.Parse($"198.51.100.{rig.Number}");
        var port = new ServicePort(new ServicePortId("test/external", ServiceProtocol.Tcp), 80) { ExternalAddresses = [external] };
        await rig.SetAsync(port, a.EndPoint);
        Assert.Equal("a", await DataplaneRig.AskTcpAsync(Stream(From.Host, null), new IPEndPoint(external, 80)));
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(external, everywhere.EndPoint.Port));
        Assert.Contains($"route {external}/32", rig.Owned);

        rig.Dataplane.Directory.Remove(port.Id);
        await rig.Dataplane.Publish();
        Assert.DoesNotContain(external.ToString(), Shell.Run("ip", "route", "show", "table", "local"));
    }

    [Fact]
    public async Task Start_AfterAKill_AddressesThatWereLocalNeverLeadToAHostsListener()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), IPAddress.Any);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        var killed = await new DataplaneRig(capture: capture).StartAsync();
        var external = IPAddress.Parse($"198.51.100.{killed.Number}");
        await killed.SetAsync(new ServicePort(new ServicePortId("test/external", ServiceProtocol.Tcp), 80) { ExternalAddresses = [external] }, a.EndPoint);
        await killed.SetAsync(killed.Port(10, 80), a.EndPoint);
        await killed.Dataplane.DisposeAsync();
        // While it is not local it must not be asked for beyond this machine.
        Shell.Run("ip", "route", "replace", "blackhole", $"{external}/32");
        try
        {
            using var stop = new CancellationTokenSource();
            var asking = new[] { external, killed.Vip(10) }.Select(address => Task.Run(() => AskUntilAsync(new IPEndPoint(address, everywhere.EndPoint.Port), stop.Token))).ToList();
            await using (await new DataplaneRig(killed.Options).StartAsync()) await stop.CancelAsync();
            foreach (var answers in await Task.WhenAll(asking)) Assert.DoesNotContain("host", answers);
        }
        finally
        {
            Shell.Run("ip", "route", "del", "blackhole", $"{external}/32");
        }

        static async Task<HashSet<string>> AskUntilAsync(IPEndPoint target, CancellationToken stop)
        {
            var answers = new HashSet<string>();
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    answers.Add(await DataplaneRig.AskTcpAsync(Stream(From.Host, null), target));
                }
                catch (SocketException exception)
                {
                    answers.Add(exception.SocketErrorCode.ToString());
                }
            }

            return answers;
        }
    }

    [Fact]
    public async Task Verify_AfterTableAndRouteWereFlushed_PutsThemBack()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), IPAddress.Any);
        await using var rig = await new DataplaneRig(capture: capture).StartAsync();
        await rig.SetAsync(rig.Port(10, 80), a.EndPoint);
        Shell.Run("nft", "delete", "table", "inet", rig.Options.Table);
        Shell.Run("ip", "route", "del", "local", rig.Options.Ranges[0].ToString(), "dev", "lo", "table", "local");

        await rig.Addresses.VerifyAsync(CancellationToken.None);
        Assert.Equal("a", await DataplaneRig.AskTcpAsync(Stream(From.Host, null), new IPEndPoint(rig.Vip(10), 80)));
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(rig.Vip(10), everywhere.EndPoint.Port));
    }

    [Fact]
    public async Task Start_AfterAKill_TakesOverWhatWasLeftAndRemoveLeavesNothing()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        var killed = await new DataplaneRig(capture: capture).StartAsync();
        var external = IPAddress.Parse($"198.18.{killed.Number}.250");
        await killed.SetAsync(killed.Port(10, 80), a.EndPoint);
        await killed.SetAsync(new ServicePort(new ServicePortId("test/e", ServiceProtocol.Tcp), 80) { ExternalAddresses = [external] }, a.EndPoint);
        // A killed process closes its sockets and nothing else.
        await killed.Dataplane.DisposeAsync();
        Assert.Contains(external.ToString(), Shell.Run("ip", "route", "show", "table", "local"));

        await using (var next = await new DataplaneRig(killed.Options).StartAsync())
        {
            Assert.DoesNotContain(external.ToString(), Shell.Run("ip", "route", "show", "table", "local"));
            await next.SetAsync(killed.Port(10, 80), a.EndPoint);
            Assert.Equal("a", await DataplaneRig.AskTcpAsync(Stream(From.Host, null), new IPEndPoint(killed.Vip(10), 80)));
        }

        Assert.DoesNotContain($"10.198.{killed.Number}.", Shell.Run("ip", "route", "show", "table", "local"));
        Assert.DoesNotContain(killed.Options.Table + " ", Shell.Run("nft", "list", "tables") + " ");
        var owned = killed.Owned.SkipWhile(line => line.StartsWith("bpffs ", StringComparison.Ordinal)).Take(3);
        Assert.Equal([$"nft inet {killed.Options.Table}", $"route {killed.Options.Ranges[0]}", $"route {killed.Options.Ranges[1]}"], owned);
    }

    private protected static Socket Stream(From from, NetNamespace? ns) => from == From.Host
        ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        : ns!.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private protected static Socket Datagram(From from, NetNamespace? ns) => from == From.Host
        ? new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
        : ns!.Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    private static void AssertEven(List<string> answers)
    {
        Assert.Equal(3, answers.Distinct().Count());
        Assert.All(answers.CountBy(answer => answer), pair => Assert.InRange(pair.Value, (Requests / 3) - 1, (Requests / 3) + 1));
    }

    private protected static Socket Client(From from, NetNamespace? ns, ServiceProtocol protocol, bool v6)
    {
        var (family, type) = (v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, protocol == ServiceProtocol.Tcp ? SocketType.Stream : SocketType.Dgram);
        return from == From.Host ? new Socket(family, type, 0) : ns!.Socket(family, type, 0);
    }

    private protected static Task<string> AskAsync(Socket socket, IPEndPoint endPoint) =>
        socket.SocketType == SocketType.Stream ? DataplaneRig.AskTcpAsync(socket, endPoint) : DataplaneRig.AskUdpAsync(socket, endPoint);

    /// <summary>A reset, or port unreachable.</summary>
    internal static async Task AssertRefusedAsync(Socket socket, IPEndPoint endPoint)
    {
        using (socket)
        {
            var started = Stopwatch.GetTimestamp();
            var refused = await Assert.ThrowsAsync<SocketException>(() => AskAsync(socket, endPoint));
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
            // At once: far below the second after which a client would send its request again.
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromMilliseconds(800));
        }
    }
}
