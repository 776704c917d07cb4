using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Udp;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>One-way and per-datagram services, by whichever path.</summary>
public abstract class UdpModeTests(UdpPath path)
{
    private static readonly UdpSetup OneWay = new() { Mode = UdpMode.OneWay };
    private static readonly UdpSetup PerDatagram = new() { Mode = UdpMode.PerDatagram };

    [Fact]
    public async Task OneWay_ManyFlows_KeepTheirBackendsWithoutASocketEach()
    {
        ConcurrentQueue<string> toA = new(), toB = new();
        await using var a = new UdpBackend("a") { Log = toA };
        await using var b = new UdpBackend("b") { Log = toB };
        await using var rig = new UdpRelayRig(path, OneWay, a, b);
        var clients = Enumerable.Range(0, 100).Select(_ => rig.Connect()).ToList();
        await SendRoundAsync(clients);
        await Eventually.True(() => toA.Count + toB.Count == 100);
        for (var round = 0; round < 9; round++) await SendRoundAsync(clients);
        await Eventually.True(() => toA.Count + toB.Count == 1000);

        Assert.Equal((50, 50), (toA.Distinct().Count(), toB.Distinct().Count()));
        Assert.Empty(toA.Intersect(toB));
        Assert.Equal(100, rig.Relay.Active);
        if (OperatingSystem.IsLinux()) Assert.InRange(SocketsConnectedTo(a.EndPoint), 0, 1);
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task OneWay_BackendRemoved_MovesTheFlow()
    {
        ConcurrentQueue<string> toB = new();
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b", IPAddress.IPv6Loopback) { Log = toB };
        await using var rig = new UdpRelayRig(path, OneWay, a);
        using var client = rig.Connect();
        await client.SendAsync("1"u8.ToArray());
        await Eventually.True(() => rig.Relay.Active == 1);
        rig.SetBackends(b);
        await Eventually.True(() => rig.Relay.Active == 0);
        await client.SendAsync("2"u8.ToArray());
        await Eventually.True(() => toB.Contains("2"));
    }

    [Fact]
    public async Task OneWay_BackendReplacedUnderLoad_NothingReachesWhoComesToItsAddress()
    {
        ConcurrentQueue<string> toA = new(), toB = new(), toNext = new();
        var a = new UdpBackend("a") { Answers = 0, Log = toA };
        await using var b = new UdpBackend("b") { Answers = 0, Log = toB };
        await using var rig = new UdpRelayRig(path, OneWay);
        var place = a.EndPoint;
        var gone = rig.Set(new Backend("first", place)).Backends[0].State;
        var clients = Enumerable.Range(0, 64).Select(_ => rig.Connect()).ToList();
        using var enough = new CancellationTokenSource();
        var sending = SendUntilAsync(clients, enough.Token);
        await Eventually.True(() => toA.Count > 2000, "the first backend to have its load");

        rig.Set(new Backend("second", b.EndPoint));
        await Eventually.True(() => gone.Active == 0, "the flows to leave their backend");
        // What was under way while they left has arrived once later ones have.
        var before = toB.Count;
        await Eventually.True(() => toB.Count > before + 500, "the flows to go on elsewhere");
        await a.DisposeAsync();
        await using (var next = new UdpBackend("next", port: place.Port) { Answers = 0, Log = toNext })
        {
            before = toB.Count;
            await Eventually.True(() => toB.Count > before + 2000, "the flows to stay there");
            Assert.Empty(toNext);
        }

        await enough.CancelAsync();
        await sending;
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task OneWay_BackendDiesUnderLoad_EveryFlowGoesOnElsewhere()
    {
        ConcurrentQueue<string> toA = new(), toB = new();
        var a = new UdpBackend("a") { Answers = 0, Log = toA };
        await using var b = new UdpBackend("b") { Answers = 0, Log = toB };
        await using var rig = new UdpRelayRig(path, OneWay, a, b);
        var clients = Enumerable.Range(0, 64).Select(_ => rig.Connect()).ToList();
        using var enough = new CancellationTokenSource();
        var sending = SendUntilAsync(clients, enough.Token);
        await Eventually.True(() => toA.Distinct().Count() == 32 && toB.Distinct().Count() == 32, "half of the flows to be with each");
        // Nobody tells the table: the network's refusals alone do.
        await a.DisposeAsync();
        await Eventually.True(() => toB.Distinct().Count() == 64, "all flows to be with the other one");
        await enough.CancelAsync();
        await sending;
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task OneWay_DatagramTooLargeForTheBackendsFamily_IsLostAloneAndOthersGoOn()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "needs IPv6");
        ConcurrentQueue<string> log = new();
        await using var a = new UdpBackend("a") { Log = log };
        await using var rig = new UdpRelayRig(path, OneWay with { Address = IPAddress.IPv6Loopback }, a);
        using var client = rig.Connect();
        // IPv6 carries 20 bytes more than IPv4 does.
        for (var i = 0; i < 3; i++) await client.SendAsync(new byte[65_520]);
        await client.SendAsync("small"u8.ToArray());
        await Eventually.True(() => log.Contains("small"), "the relay to go on");
    }

    [Fact]
    public async Task OneWay_BackendRefuses_IsLeftForAnother()
    {
        ConcurrentQueue<string> received = new();
        await using var alive = new UdpBackend("alive") { Log = received };
        await using var rig = new UdpRelayRig(path, OneWay);
        rig.SetEndPoints(new IPEndPoint(IPAddress.Loopback, FreePort.Udp()), alive.EndPoint);
        using var client = rig.Connect();
        await Eventually.True(async () =>
        {
            await client.SendAsync("x"u8.ToArray());
            return !received.IsEmpty;
        });
    }

    [Fact]
    public async Task OneWay_MoreFlowsThanRemembered_ForgetsTheLeastRecentlyUsed()
    {
        ConcurrentQueue<string> received = new();
        await using var a = new UdpBackend("a") { Log = received };
        await using var rig = new UdpRelayRig(path, OneWay with { Options = new UdpRelayOptions { MaxOneWayFlows = 10 } }, a);
        for (var i = 1; i <= 30; i++)
        {
            using var client = rig.Connect();
            await client.SendAsync("x"u8.ToArray());
            await Eventually.True(() => received.Count == i);
        }

        Assert.InRange(rig.Relay.Active, 1, 10);
    }

    [Fact]
    public async Task PerDatagram_OneClient_IsBalancedEachTime()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var c = new UdpBackend("c");
        await using var rig = new UdpRelayRig(path, PerDatagram, a, b, c);
        using var client = rig.Connect();
        var answers = new List<string>();
        for (var i = 0; i < 300; i++) answers.Add(await UdpRelayRig.AskAsync(client, "x"));
        Assert.Equal([("a:x", 100), ("b:x", 100), ("c:x", 100)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public async Task PerDatagram_ManyClientsAtOnce_EachGetsItsOwnAnswer()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path, PerDatagram, a, b);
        var clients = Enumerable.Range(0, 50).Select(number => AskManyAsync(rig, number)).ToList();
        await Task.WhenAll(clients);

        static async Task AskManyAsync(UdpRelayRig rig, int number)
        {
            using var client = rig.Connect();
            for (var i = 0; i < 40; i++) Assert.Equal($"client {number} question {i}", (await UdpRelayRig.AskAsync(client, $"client {number} question {i}"))[2..]);
        }
    }

    [Fact]
    public async Task PerDatagram_QuestionsAfterEachOther_ShareAFewSockets()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path, PerDatagram, a);
        for (var i = 0; i < 300; i++)
        {
            using var client = rig.Connect();
            await UdpRelayRig.AskAsync(client, $"{i}");
        }

        Assert.InRange(rig.Relay.Active, 1, 64);
    }

    [Fact]
    public async Task PerDatagram_SecondAnswers_ReachNobodyElse()
    {
        await using var a = new UdpBackend("a") { Answers = 2 };
        await using var rig = new UdpRelayRig(path, PerDatagram, a);
        for (var i = 0; i < 200; i++)
        {
            using var client = rig.Connect();
            Assert.Equal($"a:{i}", await UdpRelayRig.AskAsync(client, $"{i}"));
        }
    }

    [Fact]
    public async Task PerDatagram_NoAnswerInTime_IsCountedAndItsSocketClosed()
    {
        var time = new FakeTimeProvider();
        ConcurrentQueue<string> received = new();
        await using var silent = new UdpBackend("silent") { Answers = 0, Log = received };
        await using var rig = new UdpRelayRig(path, PerDatagram with { Time = time }, silent);
        using var client = rig.Connect();
        var unanswered = DataplaneMetrics.SumUdp().Unanswered;
        await client.SendAsync("x"u8.ToArray());
        await Eventually.True(() => received.Count == 1);
        var state = rig.Directory.Current[0]!.Backends[0].State;
        Assert.Equal(1, state.Active);
        time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.True(() => rig.Relay.Active == 0);
        Assert.True(DataplaneMetrics.SumUdp().Unanswered > unanswered);
        Assert.Equal(0, state.Active);
    }

    [Fact]
    public async Task PerDatagram_BackendRefuses_AsksTheNext()
    {
        await using var alive = new UdpBackend("alive");
        await using var rig = new UdpRelayRig(path, PerDatagram);
        rig.SetEndPoints(new IPEndPoint(IPAddress.Loopback, FreePort.Udp()), alive.EndPoint);
        using var client = rig.Connect();
        for (var i = 0; i < 10; i++) Assert.Equal($"alive:{i}", await UdpRelayRig.AskAsync(client, $"{i}"));
    }

    [Fact]
    public async Task PerDatagram_BackendRemoved_IsAskedNoMore()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path, PerDatagram, a, b);
        using var client = rig.Connect();
        for (var i = 0; i < 10; i++) await UdpRelayRig.AskAsync(client, "x");
        rig.SetBackends(b);
        for (var i = 0; i < 10; i++) Assert.Equal("b:x", await UdpRelayRig.AskAsync(client, "x"));
    }

    // Each client's datagrams carry its number. A round a millisecond: no more than 64,000 datagrams/s.
    private static async Task SendUntilAsync(List<Socket> clients, CancellationToken enough)
    {
        var names = Enumerable.Range(0, clients.Count).Select(i => Encoding.ASCII.GetBytes($"{i}")).ToList();
        while (!enough.IsCancellationRequested)
        {
            for (var i = 0; i < clients.Count; i++) clients[i].Send(names[i]);
            await Task.Delay(1, CancellationToken.None);
        }
    }

    private static async Task SendRoundAsync(List<Socket> clients)
    {
        for (var i = 0; i < clients.Count; i++) await clients[i].SendAsync(Encoding.ASCII.GetBytes($"{i}"));
    }

    // In /proc/net/udp the remote address stands as ADDRESS:PORT in hexadecimal.
    private static int SocketsConnectedTo(IPEndPoint endPoint) =>
        File.ReadLines("/proc/net/udp").Count(line => line.Contains($" 0100007F:{endPoint.Port:X4} 01", StringComparison.Ordinal));
}
