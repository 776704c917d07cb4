using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>The data plane where a BPF program selects the sockets of virtual addresses.</summary>
public sealed class SocketLookupDataplaneTests() : NodeDataplaneTests(Capture.Lookup)
{
    [Theory]
    [InlineData(From.Host, false)]
    [InlineData(From.Host, true)]
    [InlineData(From.Namespace, false)]
    [InlineData(From.Namespace, true)]
    public async Task Set_PortAHostProcessListensOnEverywhere_IsServedAllTheSame(From from, bool v6)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), v6 ? IPAddress.IPv6Any : IPAddress.Any);
        var port = everywhere.EndPoint.Port;
        await rig.SetAsync(rig.Port(10, port), a.EndPoint);
        Assert.Empty(rig.Reports);
        Assert.Equal("a", await AskAsync(Client(from, ns, ServiceProtocol.Tcp, v6), new IPEndPoint(v6 ? rig.Vip6(10) : rig.Vip(10), port)));
        var own = from == From.Host ? (v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback) : v6 ? ns.HostAddress6 : ns.HostAddress;
        Assert.Equal("host", await AskAsync(Client(from, ns, ServiceProtocol.Tcp, v6), new IPEndPoint(own, port)));
    }

    [Theory]
    [InlineData(From.Host, false)]
    [InlineData(From.Host, true)]
    [InlineData(From.Namespace, false)]
    [InlineData(From.Namespace, true)]
    public async Task Set_UdpPortAHostProcessHasEverywhere_IsServedAllTheSame(From from, bool v6)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new UdpBackend("a");
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var any = v6 ? IPAddress.IPv6Any : IPAddress.Any;
        await using var everywhere = new UdpBackend("host", any);
        var port = everywhere.EndPoint.Port;
        await rig.SetAsync(rig.Port(10, port, ServiceProtocol.Udp), a.EndPoint);
        Assert.Empty(rig.Reports);
        var vip = v6 ? rig.Vip6(10) : rig.Vip(10);
        Assert.Equal("a:x", await AskAsync(Client(from, ns, ServiceProtocol.Udp, v6), new IPEndPoint(vip, port)));
        var own = from == From.Host ? (v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback) : v6 ? ns.HostAddress6 : ns.HostAddress;
        Assert.Equal("host:x", await AskAsync(Client(from, ns, ServiceProtocol.Udp, v6), new IPEndPoint(own, port)));

        // Nor is a service in the way of a host process that comes later.
        var later = FreePort.Udp();
        await rig.SetAsync(rig.Port(11, later, ServiceProtocol.Udp), a.EndPoint);
        var vip11 = new IPEndPoint(v6 ? rig.Vip6(11) : rig.Vip(11), later);
        Assert.Equal("a:x", await AskAsync(Client(from, ns, ServiceProtocol.Udp, v6), vip11));
        await using var second = new UdpBackend("second", any, later);
        Assert.Equal("a:x", await AskAsync(Client(from, ns, ServiceProtocol.Udp, v6), vip11));
        Assert.Equal("second:x", await AskAsync(Client(from, ns, ServiceProtocol.Udp, v6), new IPEndPoint(own, later)));
    }

    [Theory]
    [InlineData(From.Host, false)]
    [InlineData(From.Host, true)]
    [InlineData(From.Namespace, false)]
    [InlineData(From.Namespace, true)]
    public async Task Udp_DatagramsOfEverySize_ComeBackWholeFromTheServicesAddress(From from, bool v6)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new UdpBackend("a");
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        await rig.SetAsync(rig.Port(10, 53, ServiceProtocol.Udp), a.EndPoint);
        // A connected socket takes what comes from the place it is connected to alone.
        using var client = Client(from, ns, ServiceProtocol.Udp, v6);
        await client.ConnectAsync(new IPEndPoint(v6 ? rig.Vip6(10) : rig.Vip(10), 53));
        // Around a frame and far above: what is longer travels in parts.
        int[] sizes = [.. Enumerable.Range(0, 40), 1450, 1451, 1452, 1469, 1470, 1471, 1472, 1473, 8000, 60_001];
        foreach (var size in sizes)
        {
            var datagram = new byte[size];
            new Random(size).NextBytes(datagram);
            await client.SendAsync(datagram);
            var answer = await UdpRelayRig.ReceiveAsync(client);
            Assert.True(answer.AsSpan().SequenceEqual([.. "a:"u8, .. datagram]), $"{size} bytes came back as {answer.Length}");
        }
    }

    [Theory]
    [InlineData(UdpMode.OneWay)]
    [InlineData(UdpMode.PerDatagram)]
    public async Task Udp_OtherModes_AreSteeredToo(UdpMode mode)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        System.Collections.Concurrent.ConcurrentQueue<string> log = new();
        await using var a = new UdpBackend("a") { Log = log };
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        var port = new ServicePort(new ServicePortId("test/s", ServiceProtocol.Udp), 53) { VirtualAddresses = [rig.Vip(10)], UdpMode = mode };
        await rig.SetAsync(port, a.EndPoint);
        using var client = Datagram(From.Host, null);
        await client.ConnectAsync(new IPEndPoint(rig.Vip(10), 53));
        for (var i = 1; i <= 20; i++)
        {
            await client.SendAsync("x"u8.ToArray());
            if (mode == UdpMode.PerDatagram) Assert.Equal("a:x"u8.ToArray(), await UdpRelayRig.ReceiveAsync(client));
            else await Eventually.True(() => log.Count == i);
        }
    }

    [Fact]
    public async Task Udp_ServicesAtOnePort_EachAnswerFromTheirOwnAddress()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        await rig.SetAsync(rig.Port(10, 53, ServiceProtocol.Udp), a.EndPoint);
        await rig.SetAsync(rig.Port(11, 53, ServiceProtocol.Udp), b.EndPoint);
        // One socket for both: their datagrams meet in one batch.
        using var client = Datagram(From.Host, null);
        client.Bind(new IPEndPoint(IPAddress.Any, 0));
        var buffer = new byte[100];
        var answers = new List<string>();
        for (var i = 0; i < 50; i++)
            foreach (var host in new[] { 10, 11 }) client.SendTo("x"u8, new IPEndPoint(rig.Vip(host), 53));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (answers.Count < 100)
        {
            var answer = await client.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), patience.Token);
            answers.Add($"{answer.RemoteEndPoint} {System.Text.Encoding.ASCII.GetString(buffer, 0, answer.ReceivedBytes)}");
        }

        Assert.Equal([($"{rig.Vip(10)}:53 a:x", 50), ($"{rig.Vip(11)}:53 b:x", 50)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public async Task Set_ExternalAddressComesBackWithAnotherService_OnlyThatOnesPortsAreOpen()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        var external = IPAddress.Parse($"198.51.100.{rig.Number}");
        ServicePort Port(string name, ServiceProtocol protocol, int port, ServicePath path = ServicePath.Auto) =>
            new(new ServicePortId(name, protocol), port) { ExternalAddresses = [external], Path = path };
        var own = FreePort.Tcp();
        ServicePort[] old = [Port("test/tcp", ServiceProtocol.Tcp, 81), Port("test/udp", ServiceProtocol.Udp, 81), Port("test/managed", ServiceProtocol.Tcp, own, ServicePath.Managed)];
        foreach (var port in old) await rig.SetAsync(port, a.EndPoint);
        foreach (var port in old) rig.Dataplane.Directory.Remove(port.Id);
        await rig.Dataplane.Publish();

        await rig.SetAsync(Port("test/new", ServiceProtocol.Tcp, 80), a.EndPoint);
        Assert.Equal("a", await AskAsync(Stream(From.Host, null), new IPEndPoint(external, 80)));
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), IPAddress.Any, own);
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(external, 81));
        await AssertRefusedAsync(Datagram(From.Host, null), new IPEndPoint(external, 81));
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(external, own));
    }

    [Fact]
    public async Task Dispose_WhileNoProxyRuns_NothingOfTheRangeAnswersUntilTheNextOne()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), IPAddress.Any);
        await using var everywhereUdp = new UdpBackend("host", IPAddress.Any);
        var first = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        await first.SetAsync(first.Port(10, everywhere.EndPoint.Port), a.EndPoint);
        await first.SetAsync(first.Port(11, 80), a.EndPoint);
        await using var b = new UdpBackend("b");
        await first.SetAsync(first.Port(12, everywhereUdp.EndPoint.Port, ServiceProtocol.Udp), b.EndPoint);
        Assert.Equal("b:x", await AskAsync(Datagram(From.Host, null), new IPEndPoint(first.Vip(12), everywhereUdp.EndPoint.Port)));
        var link = LinkOf(first);
        await first.Dataplane.DisposeAsync();

        Assert.Equal(link, LinkOf(first));
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(first.Vip(10), everywhere.EndPoint.Port));
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(first.Vip(11), 80));
        await AssertRefusedAsync(Datagram(From.Host, null), new IPEndPoint(first.Vip(11), everywhereUdp.EndPoint.Port));
        await AssertRefusedAsync(Datagram(From.Host, null), new IPEndPoint(first.Vip(12), everywhereUdp.EndPoint.Port));

        await using (var next = await new DataplaneRig(first.Options).StartAsync())
        {
            Assert.Equal(link, LinkOf(first));
            await next.SetAsync(first.Port(11, 80), a.EndPoint);
            Assert.Equal("a", await AskAsync(Stream(From.Host, null), new IPEndPoint(first.Vip(11), 80)));
            await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(first.Vip(10), everywhere.EndPoint.Port));
        }

        Assert.DoesNotContain(link, BpfLink.AllIds());
        Assert.False(Directory.Exists(first.Options.PinPath));
        Assert.Contains($"bpffs {first.Options.PinPath}", first.Owned);
    }

    [Fact]
    public async Task Verify_AfterTheProgramWasDetached_AttachesItAgain()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), IPAddress.Any);
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        await rig.SetAsync(rig.Port(10, 80), a.EndPoint);
        using (var link = BpfLink.Open(Path.Combine(rig.Options.PinPath!, "lookup"))) link!.Detach();
        Assert.Equal("host", await AskAsync(Stream(From.Host, null), new IPEndPoint(rig.Vip(10), everywhere.EndPoint.Port)));

        await rig.Addresses.VerifyAsync(CancellationToken.None);
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(rig.Vip(10), everywhere.EndPoint.Port));
        Assert.Equal("a", await AskAsync(Stream(From.Host, null), new IPEndPoint(rig.Vip(10), 80)));
    }

    [Fact]
    public async Task Set_ServiceOnTheManagedPathAndBack_AnswersOnBoth()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        foreach (var path in new[] { ServicePath.Loop, ServicePath.Managed, ServicePath.Loop })
        {
            await rig.SetAsync(new ServicePort(new ServicePortId("test/s", ServiceProtocol.Tcp), 80) { VirtualAddresses = [rig.Vip(10), rig.Vip6(10)], Path = path }, a.EndPoint);
            for (var i = 0; i < 4; i++) Assert.Equal("a", await AskAsync(Stream(From.Host, null), new IPEndPoint(rig.Vip(10), 80)));
        }
    }

    private static uint LinkOf(DataplaneRig rig)
    {
        using var link = BpfLink.Open(Path.Combine(rig.Options.PinPath!, "lookup"));
        return link!.Id;
    }
}
