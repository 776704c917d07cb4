using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Udp;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>What a UDP relay does in session mode, by whichever path.</summary>
public abstract class UdpRelayTests(UdpPath path)
{
    [Fact]
    public async Task Relay_ThreeHundredClientsOverThree_GivesEachHundred()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var c = new UdpBackend("c");
        await using var rig = new UdpRelayRig(path, a, b, c);
        var clients = Enumerable.Range(0, 300).Select(_ => rig.Connect()).ToList();
        var answers = new List<string>();
        foreach (var client in clients) answers.Add(await UdpRelayRig.AskAsync(client, "x"));
        foreach (var client in clients) client.Dispose();
        Assert.Equal([("a:x", 100), ("b:x", 100), ("c:x", 100)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public async Task Relay_OneClient_StaysWithItsBackend()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path, a, b);
        using var client = rig.Connect();
        for (var i = 0; i < 20; i++) Assert.Equal($"a:{i}", await UdpRelayRig.AskAsync(client, $"{i}"));
        Assert.Equal(1, rig.Relay.Active);
    }

    [Theory]
    [InlineData(UdpMode.Session, 3 * 7)]
    [InlineData(UdpMode.PerDatagram, 3 * 7)]
    [InlineData(UdpMode.OneWay, 0)]
    public async Task Relay_Bytes_AreCountedByBackend(UdpMode mode, long answered)
    {
        await using var a = new UdpBackend("a") { Log = new ConcurrentQueue<string>() };
        await using var rig = new UdpRelayRig(path, new UdpSetup { Mode = mode }, a);
        using var client = rig.Connect();
        for (var i = 1; i <= 3; i++)
        {
            await client.SendAsync("12345"u8.ToArray());
            if (answered > 0) Assert.Equal(7, (await UdpRelayRig.ReceiveAsync(client)).Length);
            await Eventually.True(() => a.Log.Count == i);
        }

        rig.CloseFrontend();
        var state = rig.Directory.Current.Entries.Single().Backends[0].State;
        await Eventually.True(() => state.BytesToBackend == 15 && state.BytesToClient == answered);
    }

    // 65,507 bytes is all that IPv4 carries; the answer is longer by its name, so that is the largest it can be.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1472)]
    [InlineData(9000)]
    [InlineData(65_505)]
    public async Task Relay_DatagramOfAnySize_ComesThroughWhole(int size)
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        client.SendBufferSize = client.ReceiveBufferSize = 400_000;
        var datagram = new byte[size];
        new Random(size).NextBytes(datagram);
        await client.SendAsync(datagram);
        var answer = await UdpRelayRig.ReceiveAsync(client);
        Assert.Equal([(byte)'a', (byte)':', .. datagram], answer);
    }

    [Theory]
    [InlineData("127.0.0.1", "::1")]
    [InlineData("::1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    public async Task Relay_ClientAndBackendOfAnyFamily_Speak(string frontend, string backend)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "needs IPv6");
        await using var a = new UdpBackend("a", IPAddress.Parse(backend));
        await using var rig = new UdpRelayRig(path, new UdpSetup { Address = IPAddress.Parse(frontend) }, a);
        using var client = rig.Connect();
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(client, "1"));
        var large = new string('x', 20_000);
        Assert.Equal("a:" + large, await UdpRelayRig.AskAsync(client, large));
    }

    [Fact]
    public async Task Relay_BackendSendsSeveralAndUnasked_AllReachTheClient()
    {
        await using var a = new UdpBackend("a") { Answers = 40 };
        await using var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        await client.SendAsync("x"u8.ToArray());
        for (var i = 0; i < 40; i++) Assert.Equal("a:x"u8.ToArray(), await UdpRelayRig.ReceiveAsync(client));
    }

    [Fact]
    public async Task Relay_BurstsOfOneClient_ArriveOneByOneAndInOrder()
    {
        ConcurrentQueue<string> received = new();
        await using var a = new UdpBackend("a") { Log = received };
        await using var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        client.ReceiveBufferSize = 1 << 20;
        // Runs of one size, with a shorter and a longer one and an empty one between: what may travel joined and what may not.
        string[] burst = [.. Enumerable.Range(0, 60).Select(i => new string((char)('a' + i % 26), i % 20 == 7 ? 3 : i % 20 == 11 ? 200 : i % 20 == 15 ? 0 : 100))];
        for (var round = 1; round <= 20; round++)
        {
            foreach (var text in burst) client.Send(Encoding.ASCII.GetBytes(text));
            foreach (var text in burst) Assert.Equal("a:" + text, Encoding.ASCII.GetString(await UdpRelayRig.ReceiveAsync(client)));
            Assert.Equal(burst, received);
            received.Clear();
        }
    }

    [Fact]
    public async Task Relay_BurstsOverASmallFrame_ComeThroughWhole()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        using var ns = new NetNamespace(path == UdpPath.Managed ? 241 : 242);
        ns.SetFrame(1000);
        ConcurrentQueue<string> received = new();
        await using var a = new UdpBackend("a", ns.Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp), new IPEndPoint(ns.Address, 0)) { Log = received };
        await using var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        client.ReceiveBufferSize = 1 << 20;
        var text = new string('x', 1300);
        for (var round = 0; round < 10; round++)
        {
            for (var i = 0; i < 20; i++) client.Send(Encoding.ASCII.GetBytes(text));
            for (var i = 0; i < 20; i++) Assert.Equal("a:" + text, Encoding.ASCII.GetString(await UdpRelayRig.ReceiveAsync(client)));
        }
    }

    [Fact]
    public async Task Relay_BackendRemoved_MovesTheFlowWithinAHundredMilliseconds()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(client, "1"));
        var started = Stopwatch.GetTimestamp();
        rig.SetBackends(b);
        await Eventually.True(() => rig.Relay.Active == 0, "the flow to leave its backend");
        Assert.Equal("b:2", await UdpRelayRig.AskAsync(client, "2"));
        // 100 ms is what is promised; the rest is for a machine that does much else meanwhile.
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromMilliseconds(100 + 900));
    }

    [Fact]
    public async Task Relay_BackendNotReady_MovesTheFlow()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(client, "1"));
        rig.Set(new Backend(a.EndPoint.ToString(), a.EndPoint) { Health = BackendHealth.NotReady }, new Backend("b", b.EndPoint));
        Assert.Equal("b:2", await UdpRelayRig.AskAsync(client, "2"));
    }

    [Fact]
    public async Task Relay_AnotherPodAtTheAddress_GetsNoneOfTheFlowsOfTheFirst()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path);
        rig.Set(new Backend("first", a.EndPoint));
        using var client = rig.Connect();
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(client, "1"));
        // The address has passed to another pod, and the flow begins anew: b has the first turn.
        var entry = rig.Set(new Backend("other", b.EndPoint), new Backend("second", a.EndPoint));
        await Eventually.True(() => rig.Relay.Active == 0, "the flow to end");
        Assert.Equal(0, entry.Backends[1].State.Active);
        while (entry.State.NextTurn() % 2 == 0) { }
        Assert.Equal("b:2", await UdpRelayRig.AskAsync(client, "2"));
    }

    [Fact]
    public async Task Relay_OtherBackendComes_KeepsTheFlow()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(client, "1"));
        rig.SetBackends(b, a);
        Assert.Equal("a:2", await UdpRelayRig.AskAsync(client, "2"));
    }

    [Fact]
    public async Task Relay_BackendRefuses_TriesTheNextWithTheSameDatagram()
    {
        await using var alive = new UdpBackend("alive");
        await using var rig = new UdpRelayRig(path);
        rig.SetEndPoints(new IPEndPoint(IPAddress.Loopback, FreePort.Udp()), alive.EndPoint);
        using var client = rig.Connect();
        Assert.Equal("alive:1", await UdpRelayRig.AskAsync(client, "1"));
        Assert.Equal("alive:2", await UdpRelayRig.AskAsync(client, "2"));
        var refusing = rig.Directory.Current[0]!.Backends[0].State;
        Assert.Equal((0, 1), (refusing.Active, refusing.Failures));
    }

    [Fact]
    public async Task Relay_BackendDiesInTheMiddle_MovesTheFlow()
    {
        var dying = new UdpBackend("dying");
        await using var alive = new UdpBackend("alive");
        await using var rig = new UdpRelayRig(path, dying, alive);
        using var client = rig.Connect();
        Assert.Equal("dying:1", await UdpRelayRig.AskAsync(client, "1"));
        await dying.DisposeAsync();
        // The datagram that finds the port closed is lost: only its refusal tells.
        await client.SendAsync("lost"u8.ToArray());
        await Eventually.True(async () =>
        {
            await client.SendAsync("2"u8.ToArray());
            return client.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead);
        });
        Assert.StartsWith("alive:", Encoding.ASCII.GetString(await UdpRelayRig.ReceiveAsync(client)));
    }

    [Fact]
    public async Task Relay_AllBackendsRefuse_DropsAndGoesOn()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path);
        rig.SetEndPoints(new IPEndPoint(IPAddress.Loopback, FreePort.Udp()), new IPEndPoint(IPAddress.Loopback, FreePort.Udp()));
        using var client = rig.Connect();
        var dropped = DataplaneMetrics.SumUdp().Dropped;
        for (var i = 0; i < 10; i++) await client.SendAsync("lost"u8.ToArray());
        await Eventually.True(() => DataplaneMetrics.SumUdp().Dropped > dropped, "drops to be counted");
        rig.SetBackends(a);
        // Some of the ten may have waited until there was a backend.
        var answer = await UdpRelayRig.AskAsync(client, "2");
        while (answer == "a:lost") answer = Encoding.ASCII.GetString(await UdpRelayRig.ReceiveAsync(client));
        Assert.Equal("a:2", answer);
    }

    [Fact]
    public async Task Relay_AfterIdleTimeout_ForgetsTheSession()
    {
        var time = new FakeTimeProvider();
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path, new UdpSetup { Options = new UdpRelayOptions { IdleTimeout = TimeSpan.FromSeconds(40) }, Time = time }, a);
        using var client = rig.Connect();
        await UdpRelayRig.AskAsync(client, "1");
        time.Advance(TimeSpan.FromSeconds(30));
        await UdpRelayRig.AskAsync(client, "2");
        time.Advance(TimeSpan.FromSeconds(30));
        await UdpRelayRig.AskAsync(client, "3");
        Assert.Equal(1, rig.Relay.Active);
        time.Advance(TimeSpan.FromSeconds(50));
        await Eventually.True(() => rig.Relay.Active == 0);
    }

    [Fact]
    public async Task Relay_ServiceWithAnIdleTimeoutOfItsOwn_ForgetsAfterThat()
    {
        var time = new FakeTimeProvider();
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path, new UdpSetup { IdleTimeout = TimeSpan.FromSeconds(10), Time = time }, a);
        using var client = rig.Connect();
        await UdpRelayRig.AskAsync(client, "1");
        time.Advance(TimeSpan.FromSeconds(9));
        await UdpRelayRig.AskAsync(client, "2");
        Assert.Equal(1, rig.Relay.Active);
        time.Advance(TimeSpan.FromSeconds(12));
        await Eventually.True(() => rig.Relay.Active == 0);
    }

    [Fact]
    public async Task Relay_MoreClientsThanSessions_EvictsTheLeastRecentlyUsed()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path, new UdpSetup { Options = new UdpRelayOptions { MaxSessions = 16 } }, a, b);
        using var regular = rig.Connect();
        var evicted = DataplaneMetrics.SumUdp().Evicted;
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(regular, "1"));
        for (var i = 0; i < 100; i++)
        {
            using var passer = rig.Connect();
            await UdpRelayRig.AskAsync(passer, "x");
            Assert.Equal("a:1", await UdpRelayRig.AskAsync(regular, "1"));
        }

        Assert.InRange(rig.Relay.Active, 1, 16);
        Assert.True(DataplaneMetrics.SumUdp().Evicted > evicted);
    }

    [Fact]
    public async Task Relay_Sessions_CountForTheirBackends()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(path, a, b);
        using var first = rig.Connect();
        using var second = rig.Connect();
        using var third = rig.Connect();
        foreach (var client in new[] { first, second, third }) await UdpRelayRig.AskAsync(client, "x");
        var backends = rig.Directory.Current[0]!.Backends.ToArray();
        Assert.Equal([2, 1], backends.Select(backend => backend.State.Active));
        rig.SetBackends(b);
        await Eventually.True(() => backends[0].State.Active == 0 && backends[1].State.Active == 1);
        await rig.DisposeAsync();
        Assert.Equal(0, backends[1].State.Active);
    }

    [Fact]
    public async Task Relay_NoBackend_DropsAndGoesOn()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path);
        using var client = rig.Connect();
        var dropped = DataplaneMetrics.SumUdp().Dropped;
        await client.SendAsync("lost"u8.ToArray());
        await Eventually.True(() => DataplaneMetrics.SumUdp().Dropped > dropped, "the drop to be counted");
        Assert.Equal(0, rig.Relay.Active);
        rig.SetBackends(a);
        Assert.Equal("a:2", await UdpRelayRig.AskAsync(client, "2"));
    }

    [Fact]
    public async Task Close_Frontend_EndsItsFlowsAndThePortRefuses()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        await UdpRelayRig.AskAsync(client, "x");
        rig.CloseFrontend();
        Assert.Equal(0, rig.Relay.Active);
        var refused = await Assert.ThrowsAsync<SocketException>(() => UdpRelayRig.AskAsync(client, "x"));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Fact]
    public async Task Open_PortOfAnotherSocket_IsReported()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path, a);
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        // Even one that would share its port with us.
        other.SetRawSocketOption(1, 15, [1, 0, 0, 0]);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var entry = rig.Directory.Current[0]!;
        var taken = rig.Relay.Open(new Frontend(entry.Port.Id, entry.Slot, IPAddress.Loopback, ((IPEndPoint)other.LocalEndPoint!).Port, TrafficScope.Internal));
        Assert.Equal(FrontendError.PortInUse, taken.Error);
    }

    [Fact]
    public async Task Dispose_WithSessions_ClosesEverySocket()
    {
        await using var a = new UdpBackend("a");
        var rig = new UdpRelayRig(path, a);
        using var client = rig.Connect();
        await UdpRelayRig.AskAsync(client, "x");
        await rig.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, rig.Relay.Active);
    }
}
