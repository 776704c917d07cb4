using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Changes of services by the kernel's address translation: what follows them, and what stays as it was.</summary>
public sealed class KernelNatChangeTests : KernelNatRig
{
    [Fact]
    public async Task Udp_FlowsBegunBeforeTheService_AreLedToItOnceItIsThere()
    {
        var external = IPAddress.Parse($"198.18.101.{Number}");
        var port = new ServicePort(new ServicePortId("nat/late", ServiceProtocol.Udp), 80) { ExternalAddresses = [external], NodePort = FreePort.Tcp() };
        foreach (var target in new[] { new IPEndPoint(external, 80), new IPEndPoint(Remote.HostAddress, port.NodePort) })
        {
            using var client = await ConnectAsync(Remote, target, ServiceProtocol.Udp);
            for (var i = 0; i < 3; i++) Assert.Null(await TryAskAsync(client, patienceMilliseconds: 100));
            await SetAsync(port, Server(0, ServiceProtocol.Udp, false, "a"));
            await Eventually.True(async () => (await TryAskAsync(client))?[..1] == "a", $"an answer from {target}");
            Dataplane.Directory.Remove(port.Id);
            await Dataplane.Publish();
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
        await Dataplane.DisposeAsync();
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

    [Fact]
    public async Task Affinity_ClientKeepsItsBackendThroughOtherChanges()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        var port = new ServicePort(new ServicePortId("nat/sticky", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false)], AffinityTimeout = TimeSpan.FromMinutes(5) };
        await SetAsync(port, a, b);
        var target = new IPEndPoint(Vip(10, false), 80);
        var first = await AskAsync(Remote, target, ServiceProtocol.Tcp);
        for (var i = 0; i < 4; i++) Assert.Equal(first, await AskAsync(Remote, target, ServiceProtocol.Tcp));
        // Another backend comes, in front of them, and the client stays.
        await SetAsync(port, new IPEndPoint(IPAddress.Parse("192.0.2.200"), 9), a, b);
        for (var i = 0; i < 4; i++) Assert.Equal(first, await AskAsync(Remote, target, ServiceProtocol.Tcp));
        var other = first[0] == 'a' ? b : a;
        await SetAsync(port, other);
        Assert.NotEqual(first[..1], (await AskAsync(Remote, target, ServiceProtocol.Tcp))[..1]);
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
            Dataplane.Directory.Remove(other.Id);
            await Dataplane.Publish();
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
        using var first = await ConnectAsync(Remote, target, ServiceProtocol.Udp);
        using var second = await ConnectAsync(null, target, ServiceProtocol.Udp);
        var (answer, other) = (await AskAsync(first), await AskAsync(second));
        Assert.NotEqual(answer[..1], other[..1]);
        for (var i = 0; i < 3; i++) Assert.Equal(answer, await AskAsync(first));
        await SetAsync(port, answer[0] == 'a' ? b : a);
        await Eventually.True(async () => (await TryAskAsync(first))?[..1] == other[..1], "the flow to move");
        Assert.Equal(other, await AskAsync(second));
        Dataplane.Directory.Remove(port.Id);
        await Dataplane.Publish();
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
        await Dataplane.Publish();
        Assert.StartsWith("a", await AskAsync(Remote, target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        Set(new Backend("b", b));
        await Dataplane.Publish();
        Assert.StartsWith("b", await AskAsync(Remote, target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        // The client is b's by now, and stays it when others come, one of them where its first one was.
        Set(new Backend("new", a), new Backend("b", b), new Backend("newer", new IPEndPoint(a.Address, a.Port)));
        await Dataplane.Publish();
        for (var i = 0; i < 4; i++) Assert.StartsWith("b", await AskAsync(Remote, target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        Assert.Contains("update @clients", Shell.Run("nft", "list", "table", "inet", Table), StringComparison.Ordinal);

        void Set(params Backend[] backends) => Dataplane.Directory.Set(port, backends);
    }

    [Fact]
    public async Task Restart_ClientsKeepTheirBackends_AndWhatIsGoneIsRefused()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        await SetAsync(Sticky(v6: false), a, b);
        var gone = new ServicePort(new ServicePortId("nat/gone", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(11, false)] };
        await SetAsync(gone, a);
        var target = new IPEndPoint(Vip(10, false), 80);
        var first = await AskAsync(Remote, target, ServiceProtocol.Tcp);
        var second = await AskAsync(Pod(1), target, ServiceProtocol.Tcp);
        Assert.NotEqual(first[..1], second[..1]);

        await Dataplane.DisposeAsync();
        await StartAsync();
        Assert.Equal(first, await AskAsync(Remote, target, ServiceProtocol.Tcp));
        Assert.StartsWith("a", await AskAsync(null, new IPEndPoint(Vip(11, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
        await SetAsync(Sticky(v6: false), a, b);
        for (var i = 0; i < 4; i++) Assert.Equal(first, await AskAsync(Remote, target, ServiceProtocol.Tcp));
        for (var i = 0; i < 4; i++) Assert.Equal(second, await AskAsync(Pod(1), target, ServiceProtocol.Tcp));
        await RefusedAsync(null, new IPEndPoint(Vip(11, false), 80), ServiceProtocol.Tcp);
    }

    [Fact]
    public async Task Set_NoDescriptors_IsInForceAndFlowsOfWhoIsGoneAreCutOnceThereAre()
    {
        var (a, b) = (Server(0, ServiceProtocol.Udp, false, "a"), Server(1, ServiceProtocol.Udp, false, "b"));
        var port = Port(ServiceProtocol.Udp);
        await SetAsync(port, a);
        var target = new IPEndPoint(Vip(10, false), 80);
        using var first = await ConnectAsync(Remote, target, ServiceProtocol.Udp);
        Assert.StartsWith("a", await AskAsync(first), StringComparison.Ordinal);
        // Who has asked before the change was in force stays with the first one.
        var others = new Queue<Socket>();
        for (var i = 0; i < 100; i++) others.Enqueue(await ConnectAsync(null, target, ServiceProtocol.Udp));
        Task published;
        using (new NoDescriptors())
        {
            published = SetAsync(port, b);
            await Eventually.True(async () => (await AskAsync(others.Dequeue()))[..1] == "b", "the change to be in force");
            await Task.Delay(300, TestContext.Current.CancellationToken);
            Assert.False(published.IsCompleted);
        }

        await published.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.StartsWith("b", await AskAsync(first), StringComparison.Ordinal);
        foreach (var other in others) other.Dispose();
    }

    [Fact]
    public async Task Start_NoDescriptors_SaysSoAndNotThatNftIsMissing()
    {
        await using var table = new NatTable(new NatOptions { Table = Table + "_more" }, NullLogger.Instance);
        using var none = new NoDescriptors();
        var failure = await Assert.ThrowsAsync<Cluster.Dataplane.Linux.Nftables.NftException>(() => table.StartAsync([], CancellationToken.None));
        Assert.Contains("Too many open files", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("install", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_RemovedAndSetAgainAtOnce_IsServed()
    {
        var (a, b) = (Server(0, ServiceProtocol.Tcp, false, "a"), Server(1, ServiceProtocol.Tcp, false, "b"));
        await SetAsync(Named("nat/web"), a);
        Dataplane.Directory.Remove(Named("nat/web").Id);
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
        Dataplane.Directory.Set(Named("nat/web:http"), [new Backend("b", b)]);
        Dataplane.Directory.Remove(Named("nat/web").Id);
        await Dataplane.Publish();
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
        Dataplane.FrontendReported += (frontend, result) => reports.Enqueue((frontend, result));
        await SetAsync(Named("nat/first"), a);
        await SetAsync(Named("nat/second"), b);
        Assert.StartsWith("a", await AskAsync(null, target, ServiceProtocol.Tcp), StringComparison.Ordinal);
        var report = Assert.Single(reports);
        Assert.Equal(($"nat/second/TCP on {target}", "nat/first/TCP has this address and port"), (report.Frontend.ToString(), report.Result.Message));
        // The change of a third one is not held up.
        await SetAsync(new ServicePort(new ServicePortId("nat/third", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(11, false)] }, b);
        Assert.StartsWith("b", await AskAsync(null, new IPEndPoint(Vip(11, false), 80), ServiceProtocol.Tcp), StringComparison.Ordinal);
        Dataplane.Directory.Remove(Named("nat/first").Id);
        await Dataplane.Publish();
        Assert.StartsWith("b", await AskAsync(null, target, ServiceProtocol.Tcp), StringComparison.Ordinal);

        // One that no longer asks for the place it went without.
        await SetAsync(Named("nat/first"), a);
        Dataplane.Directory.Remove(Named("nat/first").Id);
        await Dataplane.Publish();
        Assert.Equal([FrontendError.PortInUse, FrontendError.None, FrontendError.PortInUse, FrontendError.Withdrawn], reports.Select(told => told.Result.Error));
    }
}
