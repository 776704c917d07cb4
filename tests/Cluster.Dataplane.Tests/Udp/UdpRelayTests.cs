using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Udp;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Udp;

public sealed class UdpRelayTests
{
    [Fact]
    public async Task Relay_ThreeHundredClientsOverThree_GivesEachHundred()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var c = new UdpBackend("c");
        await using var rig = new UdpRelayRig(null, null, a, b, c);
        var answers = new List<string>();
        for (var i = 0; i < 300; i++)
        {
            using var client = rig.Connect();
            answers.Add(await UdpRelayRig.AskAsync(client, "x"));
        }

        // A client may get the port of one before it, and with it that one's session.
        Assert.All(answers.CountBy(answer => answer), pair => Assert.InRange(pair.Value, 98, 102));
        Assert.Equal(3, answers.Distinct().Count());
    }

    [Fact]
    public async Task Relay_OneClient_StaysWithItsBackend()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(null, null, a, b);
        using var client = rig.Connect();
        for (var i = 0; i < 20; i++) Assert.Equal($"a:{i}", await UdpRelayRig.AskAsync(client, $"{i}"));
        Assert.Equal(1, rig.Relay.Active);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1472)]
    [InlineData(9000)]
    [InlineData(65_500)]
    public async Task Relay_DatagramOfAnySize_ComesThroughWhole(int size)
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(null, null, a);
        using var client = rig.Connect();
        client.SendBufferSize = client.ReceiveBufferSize = 400_000;
        var datagram = new byte[size];
        new Random(size).NextBytes(datagram);
        await client.SendAsync(datagram);
        var answer = await UdpRelayRig.ReceiveAsync(client);
        Assert.Equal([(byte)'a', (byte)':', .. datagram], answer);
    }

    [Fact]
    public async Task Relay_BackendRemoved_MovesTheFlowAtOnce()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(null, null, a);
        using var client = rig.Connect();
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(client, "1"));
        rig.SetBackends(b);
        Assert.Equal(0, rig.Relay.Active);
        Assert.Equal("b:2", await UdpRelayRig.AskAsync(client, "2"));
    }

    [Fact]
    public async Task Relay_OtherBackendComes_KeepsTheFlow()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(null, null, a);
        using var client = rig.Connect();
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(client, "1"));
        rig.SetBackends(b, a);
        Assert.Equal("a:2", await UdpRelayRig.AskAsync(client, "2"));
    }

    [Fact]
    public async Task Relay_BackendRefuses_TriesTheNext()
    {
        await using var alive = new UdpBackend("alive");
        await using var rig = new UdpRelayRig(null, null, alive);
        rig.SetEndPoints(new IPEndPoint(IPAddress.Loopback, FreePort.Udp()), alive.EndPoint);
        using var client = rig.Connect();
        // The first datagram is lost and answered by an ICMP error; the error moves the flow.
        await client.SendAsync("lost"u8.ToArray());
        await Eventually.True(() => rig.Relay.Active == 0, "the refused session to end");
        Assert.Equal("alive:2", await UdpRelayRig.AskAsync(client, "2"));
    }

    [Fact]
    public async Task Relay_AfterIdleTimeout_ForgetsTheSession()
    {
        var time = new FakeTimeProvider();
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(new UdpRelayOptions { IdleTimeout = TimeSpan.FromSeconds(40) }, time, a);
        using var client = rig.Connect();
        await UdpRelayRig.AskAsync(client, "1");
        time.Advance(TimeSpan.FromSeconds(30));
        await UdpRelayRig.AskAsync(client, "2");
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(1, rig.Relay.Active);
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(0, rig.Relay.Active);
    }

    [Fact]
    public async Task Relay_MoreClientsThanSessions_EvictsTheLeastRecentlyUsed()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b");
        await using var rig = new UdpRelayRig(new UdpRelayOptions { MaxSessions = 16 }, null, a, b);
        using var regular = rig.Connect();
        Assert.Equal("a:1", await UdpRelayRig.AskAsync(regular, "1"));
        for (var i = 0; i < 100; i++)
        {
            using var passer = rig.Connect();
            await UdpRelayRig.AskAsync(passer, "x");
            Assert.Equal("a:1", await UdpRelayRig.AskAsync(regular, "1"));
        }

        Assert.InRange(rig.Relay.Active, 1, 16);
    }

    [Fact]
    public async Task Relay_NoBackend_DropsAndGoesOn()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(null, null);
        using var client = rig.Connect();
        await client.SendAsync("lost"u8.ToArray());
        await Task.Delay(50);
        Assert.Equal(0, rig.Relay.Active);
        rig.SetBackends(a);
        Assert.Equal("a:2", await UdpRelayRig.AskAsync(client, "2"));
    }

    [Fact]
    public async Task Dispose_WithSessions_ClosesEverySocket()
    {
        await using var a = new UdpBackend("a");
        var rig = new UdpRelayRig(null, null, a);
        using var client = rig.Connect();
        await UdpRelayRig.AskAsync(client, "x");
        await rig.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, rig.Relay.Active);
    }
}
