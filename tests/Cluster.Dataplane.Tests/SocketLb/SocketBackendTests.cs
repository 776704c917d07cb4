using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>Backends that are not there, refuse, or go: what is counted of them, and what becomes of their connections.</summary>
public sealed class SocketBackendTests
{
    public SocketBackendTests() => Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");

    [Theory]
    [InlineData(ServiceProtocol.Tcp)]
    [InlineData(ServiceProtocol.Udp)]
    public async Task NoBackends_IsRefused_AndCounted(ServiceProtocol protocol)
    {
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10, protocol), Array.Empty<IPEndPoint>());
        using var client = protocol == ServiceProtocol.Tcp ? SocketLbRig.Stream() : SocketLbRig.Datagram();
        var refused = Assert.Throws<SocketException>(() => client.Connect(rig.Vip(10), 80));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.Equal(1, rig.Balancer.Counters().Single().Refused);
        if (protocol == ServiceProtocol.Tcp) return;
        using var unconnected = SocketLbRig.Datagram();
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => unconnected.SendTo("x"u8, new IPEndPoint(rig.Vip(10), 80))).SocketErrorCode);
    }

    [Fact]
    public async Task Counters_TellOpenedFailedAndClosed()
    {
        await using var alive = SocketLbRig.Lasting();
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        // Nothing is left out for its failures meanwhile.
        await using var rig = new SocketLbRig(configure: options => options with { WatchPeriod = TimeSpan.FromHours(1) });
        var (good, bad) = (new Backend("good", alive.EndPoint), new Backend("bad", (IPEndPoint)silent.LocalEndPoint!));
        var port = rig.Port(10);
        rig.Set(port, good, bad);
        var clients = new List<Socket>();
        for (var i = 0; i < 10; i++)
        {
            var client = SocketLbRig.Stream();
            try
            {
                client.Connect(rig.Vip(10), 80);
                clients.Add(client);
            }
            catch (SocketException)
            {
                client.Dispose();
            }
        }

        Assert.Equal(5, clients.Count);
        Assert.Equal((5, 0, 5), Of(good));
        Assert.Equal((0, 5, 0), Of(bad));
        foreach (var client in clients) client.Dispose();
        await Eventually.True(() => Of(good) == (5, 0, 0));
        Assert.Equal((5, 5, 0), (rig.Balancer.Counters().Single().Sockets is var sum ? (sum.Opened, sum.Failed, sum.Active) : default));

        (long, long, long) Of(Backend backend) => rig.Balancer.Counters(port.Id, backend) is var counted ? (counted.Opened, counted.Failed, counted.Active) : default;
    }

    [Fact]
    public async Task Counters_OfConnectedUdpSockets_TellOpenedAndClosed()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new SocketLbRig();
        var backend = new Backend("a", a.EndPoint);
        var port = rig.Port(10, ServiceProtocol.Udp);
        rig.Set(port, backend);
        using (var client = SocketLbRig.Datagram())
        {
            client.Connect(rig.Vip(10), 80);
            Assert.Equal(1, rig.Balancer.Counters(port.Id, backend).Active);
            client.Connect(rig.Vip(10), 80);
            Assert.Equal(1, rig.Balancer.Counters(port.Id, backend).Active);
            // Somewhere else: the socket is no longer this backend's, and shows its true peer.
            client.Connect(a.EndPoint);
            Assert.Equal(a.EndPoint, client.RemoteEndPoint);
            Assert.Equal(0, rig.Balancer.Counters(port.Id, backend).Active);
            client.Connect(rig.Vip(10), 80);
        }

        await Eventually.True(() => rig.Balancer.Counters(port.Id, backend).Active == 0);
        Assert.Equal(3, rig.Balancer.Counters(port.Id, backend).Opened);
    }

    [Fact]
    public async Task Counters_OfABackendOnItsWayOut_TellTheConnectionsItStillHas()
    {
        await using var a = SocketLbRig.Lasting();
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig();
        var port = rig.Port(10);
        rig.Set(port, new Backend("pod-1", a.EndPoint));
        using var client = SocketLbRig.Stream();
        client.Connect(rig.Vip(10), 80);
        Assert.Equal("x", SocketLbRig.Ask(client));

        var leaving = new Backend("pod-1", a.EndPoint) { Health = BackendHealth.Terminating };
        rig.Set(port, leaving, new Backend("pod-2", b.EndPoint));
        Assert.Equal("b", SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal(1, rig.Balancer.Counters(port.Id, leaving).Active);
        client.Dispose();
        await Eventually.True(() => rig.Balancer.Counters(port.Id, leaving).Active == 0);
    }

    [Fact]
    public async Task Counters_OfConnectionsThatEnded_TellTheirBytes()
    {
        const int asked = 40_000, answered = 90_000;
        await using var a = new TcpBackend(async socket =>
        {
            for (var received = 0; received < asked;) received += await socket.ReceiveAsync(new byte[65_536]);
            await socket.SendAllAsync(new byte[answered]);
            await socket.ReceiveToEndAsync();
        });
        await using var rig = new SocketLbRig(pinned: true);
        var (port, backend) = (rig.Port(10), new Backend("a", a.EndPoint));
        rig.Set(port, backend);
        for (var connection = 0; connection < 3; connection++)
        {
            using var client = SocketLbRig.Stream();
            await client.ConnectAsync(rig.Vip(10), 80, TestContext.Current.CancellationToken);
            await client.SendAllAsync(new byte[asked]);
            for (var received = 0; received < answered;) received += await client.ReceiveAsync(new byte[65_536]);
        }

        await Eventually.True(() => rig.Balancer.Counters(port.Id, backend).Closed == 3);
        // Each end of a stream is a number of the sequence, as a byte is.
        AssertBytes();
        await rig.TakeOverAsync();
        rig.Set(port, backend);
        AssertBytes();

        void AssertBytes()
        {
            var counted = rig.Balancer.Counters(port.Id, backend);
            Assert.InRange(counted.BytesToBackend, 3 * asked, (3 * asked) + 3);
            Assert.InRange(counted.BytesToClient, 3 * answered, (3 * answered) + 3);
        }
    }

    [Fact]
    public async Task GoneConnections_ServiceRemoved_TellThoseOfThePodUntilTheyEnd()
    {
        await using var a = SocketLbRig.Lasting();
        await using var rig = new SocketLbRig(pinned: true);
        var (first, second) = (rig.Port(10), rig.Port(11));
        rig.Set(first, new Backend("pod-1", a.EndPoint));
        rig.Set(second, new Backend("pod-1", a.EndPoint));
        using var one = SocketLbRig.Stream();
        using var other = SocketLbRig.Stream();
        one.Connect(rig.Vip(10), 80);
        other.Connect(rig.Vip(11), 80);
        // As long as a service has the pod, these are counted with the service's.
        Assert.Equal(0, rig.Balancer.GoneConnections("pod-1"));
        rig.Remove(first);
        Assert.Equal(1, rig.Balancer.GoneConnections("pod-1"));
        rig.Set(second, new Backend("pod-2", a.EndPoint));
        Assert.Equal(2, rig.Balancer.GoneConnections("pod-1"));
        Assert.Equal(0, rig.Balancer.GoneConnections("pod-2"));
        Assert.Equal("x", SocketLbRig.Ask(one));
        other.Dispose();
        await Eventually.True(() => rig.Balancer.GoneConnections("pod-1") == 1);

        // The next process, which never heard of that service, tells them too.
        await rig.TakeOverAsync();
        rig.Balancer.RemoveLeftovers();
        Assert.Equal(1, rig.Balancer.GoneConnections("pod-1"));
        one.Dispose();
        await Eventually.True(() => rig.Balancer.GoneConnections("pod-1") == 0);
    }

    [Fact]
    public async Task Tcp_BackendGone_ConnectionsLive_UntilTheyAreClosed()
    {
        await using var a = SocketLbRig.Lasting();
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig();
        var port = rig.Port(10);
        rig.Set(port, a.EndPoint);
        using var client = SocketLbRig.Stream();
        client.Connect(rig.Vip(10), 80);
        Assert.Equal("x", SocketLbRig.Ask(client));

        rig.Set(port, b.EndPoint);
        Assert.Equal("b", SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal("x", SocketLbRig.Ask(client));
        var draining = Assert.Single(rig.Balancer.Draining());
        Assert.Equal((port.Id, a.EndPoint, 1L), (draining.Id, draining.Address, draining.Active));
        Assert.Equal(1, await rig.Balancer.CloseConnectionsAsync(draining));
        Assert.Throws<SocketException>(() => client.Receive(new byte[16]));
        await Eventually.True(() => rig.Balancer.Draining().Count == 0);
        var sum = rig.Balancer.Counters().Single().Sockets;
        Assert.Equal((2, 0), (sum.Opened, sum.Failed));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tcp_BackendGone_ConnectionsAreReset_WhenItsGraceIsOver(bool inNamespace)
    {
        using var ns = new NetNamespace(inNamespace ? 105 : 106);
        await using var a = SocketLbRig.Lasting(ns.HostAddress);
        await using var b = SocketLbRig.Lasting(ns.HostAddress);
        var time = new FakeTimeProvider();
        await using var rig = new SocketLbRig(configure: options => options with { DrainTimeout = TimeSpan.FromSeconds(30) }, time: time);
        rig.Balancer.AddNamespace(ns.Path);
        var port = rig.Port(10);
        var (pod1, pod2) = (new Backend("pod-1", a.EndPoint), new Backend("pod-2", b.EndPoint));
        rig.Set(port, pod1);
        using var client = inNamespace ? ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) : SocketLbRig.Stream();
        client.Connect(rig.Vip(10), 80);

        // Not ready, or on its way out: it is there, and so are its connections.
        rig.Set(port, new Backend("pod-1", a.EndPoint) { Health = BackendHealth.NotReady }, pod2);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("x", SocketLbRig.Ask(client));
        // Gone and back within its grace.
        rig.Set(port, pod2);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal("x", SocketLbRig.Ask(client));
        rig.Set(port, pod1, pod2);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("x", SocketLbRig.Ask(client));

        rig.Set(port, pod2);
        using var other = SocketLbRig.Stream();
        other.Connect(rig.Vip(10), 80);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(SocketError.ConnectionAborted, Assert.Throws<SocketException>(() => client.Receive(new byte[16])).SocketErrorCode);
        Assert.Equal("x", SocketLbRig.Ask(other));
        await Eventually.True(() => rig.Balancer.Draining().Count == 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tcp_BackendThatRefuses_IsLeftOut_UntilItAnswersAgain(bool affinity)
    {
        await using var good = SocketLbRig.Named("good");
        var bad = SocketLbRig.Named("bad");
        var place = bad.EndPoint;
        var time = new FakeTimeProvider();
        await using var rig = new SocketLbRig(time: time);
        var port = rig.Port(10, affinity: affinity ? TimeSpan.FromHours(1) : default);
        // For affinity the client's own backend is the one that goes.
        rig.Set(port, new Backend("bad", place));
        Assert.Equal("bad", SocketLbRig.Ask(rig.Vip(10)));
        rig.Set(port, new Backend("good", good.EndPoint), new Backend("bad", place));
        await bad.DisposeAsync();
        await Eventually.True(() => SocketLbRig.Ask(rig.Vip(10)) is null, "a client to meet the one that is down");

        time.Advance(TimeSpan.FromMilliseconds(100));
        for (var i = 0; i < 10; i++) Assert.Equal("good", SocketLbRig.Ask(rig.Vip(10)));
        // Probed in vain, and probed again.
        await using var again = SocketLbRig.Named("bad", place.Address, place.Port);
        await Eventually.True(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return again.Accepted > 0;
        }, "a probe");
        if (affinity) return;
        await Eventually.True(() => SocketLbRig.Ask(rig.Vip(10)) == "bad", "connections to it");
        Assert.Equal(1, rig.Balancer.Counters().Single().Sockets.Failed);
    }

    [Fact]
    public async Task Tcp_AllBackendsRefuse_AllAreUsedStill()
    {
        await using var a = SocketLbRig.Named("a");
        using var down = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        down.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var time = new FakeTimeProvider();
        await using var rig = new SocketLbRig(time: time);
        rig.Set(rig.Port(10), (IPEndPoint)down.LocalEndPoint!);
        Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
        time.Advance(TimeSpan.FromMilliseconds(100));
        // Refused by it, not for want of a backend: where all rest, all are used.
        Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal((2, 0), (rig.Balancer.Counters().Single().Sockets.Failed, rig.Balancer.Counters().Single().Refused));

        // One that was removed and comes back begins anew.
        rig.Set(rig.Port(10), a.EndPoint);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
    }
}
