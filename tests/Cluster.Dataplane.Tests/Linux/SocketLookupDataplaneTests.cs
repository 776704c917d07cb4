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
        var link = LinkOf(first);
        await first.Dataplane.DisposeAsync();

        Assert.Equal(link, LinkOf(first));
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(first.Vip(10), everywhere.EndPoint.Port));
        await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(first.Vip(11), 80));
        await AssertRefusedAsync(Datagram(From.Host, null), new IPEndPoint(first.Vip(11), everywhereUdp.EndPoint.Port));

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
