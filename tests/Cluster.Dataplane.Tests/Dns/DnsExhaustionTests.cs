using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Dns.Linux;
using Cluster.Dataplane.Handover;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>A process that is out of descriptors answers again once it has some.</summary>
[Collection(nameof(Alone))]
public sealed class DnsExhaustionTests
{
    /// <summary>Those that two loops take, less one.</summary>
    private const int MostLeft = 3;

    public DnsExhaustionTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "limits descriptors as Linux does, where alone sockets are passed on");

    [Fact]
    public async Task TakeOver_NoDescriptors_KeepsThePredecessorsSocketsForTheNextTry()
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        using var before = new HandoverSockets();
        using var after = await TakenFromAsync(new DnsServerRig(endPoint, before), before);
        var open = NoDescriptors.Count;
        // What waits in the sockets meanwhile has its answer from whoever serves in the end, or from a loop of a try.
        var clients = Enumerable.Range(0, 20).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)).ToList();
        foreach (var client in clients)
        {
            await client.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
            await client.SendAsync(DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A), TestContext.Current.CancellationToken);
        }

        using var connection = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await connection.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
        for (var left = 0; left <= MostLeft; left++)
        {
            using (new NoDescriptors(left)) Assert.ThrowsAny<Win32Exception>(() => new DnsServerRig(endPoint, after));
        }

        await Eventually.True(() => NoDescriptors.Count == open + clients.Count + 1, "what the tries opened to be closed, and no more");
        await using var second = new DnsServerRig(endPoint, after);
        Assert.Equal(3, after.Descriptors().Length);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = new byte[512];
        foreach (var client in clients)
        {
            Assert.Equal(DnsResponseCode.NoError, DnsMessage.Parse(answer.AsSpan(0, await client.ReceiveAsync(answer, patience.Token))).Code);
            client.Dispose();
        }

        await using var stream = new NetworkStream(connection);
        await DnsServerRig.WriteAsync(stream, DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A));
        Assert.Equal(DnsResponseCode.NoError, (await DnsServerRig.ReadAsync(stream))!.Code);
    }

    [Fact]
    public void Loop_SocketThatCannotBeWatched_IsRefused()
    {
        var rig = new DnsRig();
        var options = new DnsServerOptions();
        using var forwarder = new DnsForwarder(rig.Cache, () => rig.Resolvers, new IPEndPoint(IPAddress.Loopback, 53), options, TimeProvider.System);
        using var answerer = new DnsAnswerer(rig.Responder, forwarder, TimeProvider.System);
        var open = NoDescriptors.Count;
        var counting = DnsMetrics.Counting;
        // As a kernel without memory, or a user with too many watches, says it of an open one.
        Assert.Throws<Win32Exception>(() => new DnsLoop("dns-loop", -1, AddressFamily.InterNetwork, rig.Responder, answerer, TimeProvider.System));
        Assert.Equal((open, counting), (NoDescriptors.Count, DnsMetrics.Counting));
    }

    /// <summary>The last that can fail, when its loops run already and the listening socket is the runtime's.</summary>
    [Fact]
    public async Task TakeOver_ServerOfConnectionsThatCannotBeMade_KeepsThePredecessorsSocketsForTheNextTry()
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        using var before = new HandoverSockets();
        using var after = await TakenFromAsync(new DnsServerRig(endPoint, before), before);
        var open = NoDescriptors.Count;
        var counting = DnsMetrics.Counting;
        Assert.Throws<ArgumentOutOfRangeException>(() => new DnsServerRig(endPoint, after, new DnsServerOptions { Loops = 2, MaxConnections = -1 }));
        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.Equal((open, counting), (NoDescriptors.Count, DnsMetrics.Counting));
        await using var second = new DnsServerRig(endPoint, after);
        Assert.Equal(3, after.Descriptors().Length);
        Assert.Equal(DnsResponseCode.NoError, (await second.TcpAsync("web.shop.svc.cluster.local")).Code);
        Assert.Equal(DnsResponseCode.NoError, (await second.UdpAsync("web.shop.svc.cluster.local")).Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Query_NoDescriptorToAskAnother_IsAskedOnceThereIsOne(int loops)
    {
        await using var upstream = new FakeUpstream("192.0.2.7");
        await using var rig = new DnsServerRig(new DnsServerOptions { Loops = loops });
        rig.Upstreams.Add(upstream.EndPoint);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await client.ConnectAsync(rig.EndPoint, TestContext.Current.CancellationToken);
        // The first use of it all opens what stays open.
        Assert.Equal(DnsResponseCode.NoError, await AskAsync("before.example"));
        using (new NoDescriptors()) Assert.Equal(DnsResponseCode.ServerFailure, await AskAsync("name.example"));
        Assert.Equal(DnsResponseCode.NoError, await AskAsync("name.example"));
        Assert.Equal(2, upstream.Queries.Count);

        async Task<DnsResponseCode> AskAsync(string name)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await client.SendAsync(DnsMessage.Query(name, DnsType.A), patience.Token);
            var answer = new byte[512];
            return DnsMessage.Parse(answer.AsSpan(0, await client.ReceiveAsync(answer, patience.Token))).Code;
        }
    }

    /// <summary>What a successor gets of a server, which then ends.</summary>
    private static async Task<HandoverSockets> TakenFromAsync(DnsServerRig server, HandoverSockets sockets)
    {
        var taken = new HandoverSockets();
        foreach (var descriptor in sockets.Descriptors())
        {
            Assert.True(sockets.TryCopy(descriptor, out var kind, out var copy));
            taken.Receive(kind, copy);
        }

        await server.DrainAsync();
        return taken;
    }
}
