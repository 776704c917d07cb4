using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux.Bpf;
using Cluster.Dataplane.Tests.SocketLb;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>What is the kernel's in the end, where the process has no descriptors left for a while: said, left whole, and made good by itself.</summary>
[Collection(nameof(Alone))]
public sealed class HostExhaustionTests
{
    /// <summary>More than maps, programs, links and locks of the connect-time path take.</summary>
    private const int MostLeft = 50;

    [Fact]
    public async Task SocketPath_DescriptorsForAPartOfIt_SaysSoAndBeginsOnceThereAreMore()
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        var cgroup = Directory.CreateDirectory(Path.Combine(BpfSupport.Cgroup!, $"cluster-short-{Environment.ProcessId}")).FullName;
        try
        {
            // What the first use of each call leaves open is not of interest.
            await HoldAsync(cgroup, MostLeft);
            var descriptors = NoDescriptors.Count;
            var refused = 0;
            for (var left = 0; left < MostLeft; left++)
                if (await HoldAsync(cgroup, left)) refused++;
            Assert.InRange(refused, 20, MostLeft - 1);
            await Eventually.True(() => NoDescriptors.Count <= descriptors + 3, "descriptors to be closed");
            Assert.Empty(LinksOf(cgroup));
        }
        finally
        {
            Directory.Delete(cgroup);
        }
    }

    [Fact]
    public async Task Connect_NoDescriptors_ChangesAreInForceAndSocketsOfWhoIsGoneAreClosedOnceThereAre()
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var tcp = SocketLbRig.Named("t");
        await using var rig = new SocketLbRig();
        var port = rig.Port(10, ServiceProtocol.Udp);
        rig.Set(port, a.EndPoint);
        using var led = SocketLbRig.Datagram();
        led.Connect(rig.Vip(10), 80);
        Assert.Equal("a:x", SocketLbRig.Ask(led));
        using var next = SocketLbRig.Datagram();
        using var stream = SocketLbRig.Stream();
        using (new NoDescriptors())
        {
            rig.Set(port, b.EndPoint);
            rig.Set(rig.Port(11), tcp.EndPoint);
            next.Connect(rig.Vip(10), 80);
            Assert.Equal("b:x", SocketLbRig.Ask(next));
            stream.Connect(rig.Vip(11), 80);
            await Task.Delay(300, TestContext.Current.CancellationToken);
            // Nobody can close them yet, and it is not forgotten.
            Assert.False(rig.Balancer.Cut.IsCompleted);
            Assert.Single(rig.Log.All, line => line.StartsWith("Sockets of backends that are gone could not be closed", StringComparison.Ordinal));
        }

        await rig.Balancer.Cut.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(SocketError.ConnectionAborted, Assert.Throws<SocketException>(() => led.Receive(new byte[16])).SocketErrorCode);
        Assert.Equal("b:x", SocketLbRig.Ask(next));
        Assert.Equal("t", await stream.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task Dataplane_NoDescriptorForTheRelay_IsConnectedFromTheStartMeanwhileAndRelayedOnceThereAre()
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var rig = await new DataplaneRig(
            dataplane: new DataplaneOptions { SocketLb = new SocketLoadBalancerOptions(), RetryPeriod = TimeSpan.FromMilliseconds(100) }).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var port = rig.Port(10, 80);
        using var client = SocketLbRig.Stream();
        using (new NoDescriptors())
        {
            rig.Dataplane.Directory.Set(port, [new Backend("a", a.EndPoint)]);
            await rig.Dataplane.Publish();
            Assert.NotEmpty(rig.Reports);
            Assert.All(rig.Reports, report => Assert.Equal(FrontendError.OutOfDescriptors, report.Result.Error));
            Assert.Equal(ServicePath.Connect, rig.Dataplane.Paths().Single().Path);
            await client.ConnectAsync(rig.Vip(10), 80);
        }

        Assert.Equal("a", await client.ReceiveTextToEndAsync());
        await Eventually.True(() => rig.IsWhole, "the relay to serve");
        // The namespace is none that is served: it takes the relay.
        Assert.Equal("a", await DataplaneRig.AskTcpAsync(ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), new IPEndPoint(rig.Vip(10), 80)));
    }

    [Theory]
    [InlineData(ServiceProtocol.Tcp)]
    [InlineData(ServiceProtocol.Udp)]
    public async Task Lookup_NoDescriptorForTheSharedSockets_SelectsThemOnceThereAre(ServiceProtocol protocol)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var b = new UdpBackend("a");
        // First what is loaded and opened by the first use of it all.
        foreach (var left in Enumerable.Range(0, 16).Prepend(200))
        {
            await using var rig = await new DataplaneRig(capture: Capture.Lookup, dataplane: new DataplaneOptions { Threads = 2, RetryPeriod = TimeSpan.FromMilliseconds(50) }).StartAsync();
            rig.Dataplane.Directory.Set(rig.Port(10, 80, protocol), [new Backend("a", protocol == ServiceProtocol.Tcp ? a.EndPoint : b.EndPoint)]);
            using (new NoDescriptors(left)) await rig.Dataplane.Publish();
            foreach (var place in new[] { new IPEndPoint(rig.Vip(10), 80), new IPEndPoint(rig.Vip6(10), 80) })
                await Eventually.True(() => AnswersAsync(protocol, place), $"{place} to answer, after {left} descriptors");

            // And not by sockets of their own, which would be there for good.
            Assert.NotNull(rig.Addresses.Steering);
            await using var everywhere = protocol == ServiceProtocol.Udp ? new UdpBackend("host", IPAddress.Any) : null;
            if (everywhere is null) continue;
            await rig.SetAsync(rig.Port(11, everywhere.EndPoint.Port, protocol), b.EndPoint);
            Assert.Equal("a:x", await DataplaneRig.AskUdpAsync(SocketLbRig.Datagram(), new IPEndPoint(rig.Vip(11), everywhere.EndPoint.Port)));
        }
    }

    [Fact]
    public async Task Verify_NoDescriptorToAttachAgain_IsDoneByTheNextLook()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        await rig.SetAsync(rig.Port(10, 80), a.EndPoint);
        using (var link = BpfLink.Open(Path.Combine(rig.Options.PinPath!, "lookup"))) link!.Detach();
        using (new NoDescriptors()) await Assert.ThrowsAnyAsync<Win32Exception>(() => rig.Addresses.VerifyAsync(CancellationToken.None));
        await rig.Addresses.VerifyAsync(CancellationToken.None);
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), IPAddress.Any);
        await NodeDataplaneTests.AssertRefusedAsync(SocketLbRig.Stream(), new IPEndPoint(rig.Vip(10), everywhere.EndPoint.Port));
        Assert.Equal("a", await DataplaneRig.AskTcpAsync(SocketLbRig.Stream(), new IPEndPoint(rig.Vip(10), 80)));
    }

    [Fact]
    public async Task Guard_NoDescriptorsToRunNft_SaysSoAndNotThatItIsMissing_AndFollowsOnceThereAre()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var rig = await new DataplaneRig().StartAsync();
        var place = new Place(rig.Vip(10), 80, ServiceProtocol.Tcp);
        using (new NoDescriptors())
        {
            var failure = await Assert.ThrowsAsync<Cluster.Dataplane.Linux.Nftables.NftException>(() => rig.Addresses.AllowAsync([place], [], CancellationToken.None));
            Assert.Contains("Too many open files", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("install", failure.Message, StringComparison.Ordinal);
            Assert.False(failure.Missing);
        }

        await rig.Addresses.AllowAsync([place], [], CancellationToken.None);
        Assert.Contains($"{rig.Vip(10)} . tcp . 80", Shell.Run("nft", "list", "table", "inet", rig.Options.Table), StringComparison.Ordinal);
    }

    private static async Task<bool> AnswersAsync(ServiceProtocol protocol, IPEndPoint place)
    {
        try
        {
            return (protocol == ServiceProtocol.Tcp
                ? await DataplaneRig.AskTcpAsync(SocketLbRig.Stream(place.AddressFamily), place)
                : await DataplaneRig.AskUdpAsync(SocketLbRig.Datagram(place.AddressFamily), place)).StartsWith('a');
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    // Whether it could not begin at once.
    private static async Task<bool> HoldAsync(string cgroup, int left)
    {
        using var folder = new BpfFolder();
        try
        {
            var options = new SocketLoadBalancerOptions { CgroupPath = cgroup, PinPath = folder.Path, MaxServices = 16, MaxBackends = 64, MaxSlots = 256, MaxFlows = 64, WatchPeriod = TimeSpan.FromMilliseconds(1) };
            var log = new Lines();
            var directory = new ServiceDirectory();
            await using var path = new SocketPath(options, directory, [], new OneLogger(log), TimeProvider.System);
            var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("198.18.255.11")] };
            directory.Set(port, Make.Backends(2));
            var changes = directory.Publish();
            using (new NoDescriptors(left))
            {
                path.Start([]);
                path.Apply(changes, directory.Current);
                // Said once, however often it is tried.
                path.Retry();
                path.Retry();
            }

            var refused = path.Balancer is null;
            if (refused)
            {
                Assert.Contains("Too many open files", path.Left(port)!.Value.Why, StringComparison.Ordinal);
                Assert.Single(log.All, line => line.StartsWith("Sockets can't be connected", StringComparison.Ordinal));
            }

            path.Retry();
            Assert.True(path.Balancer is not null, $"with {left} left: {string.Join('\n', log.All)}");
            Assert.Single(path.Balancer.Counters());
            Assert.Null(path.Left(port));
            return refused;
        }
        finally
        {
            SocketLoadBalancer.Remove(folder.Path);
            Directory.CreateDirectory(folder.Path);
        }
    }

    private static IEnumerable<uint> LinksOf(string cgroup)
    {
        using var folder = FolderHandle.Open(cgroup);
        foreach (var id in BpfLink.AllIds())
        {
            using var link = BpfLink.OfId(id);
            if (link?.CgroupId == folder.Inode) yield return id;
        }
    }
}
