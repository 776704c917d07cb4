using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class DnsServerTests
{
    private static readonly DnsServerOptions[] Paths = [new() { Loops = 2 }, new() { Loops = 0 }];

    public static TheoryData<int> Loops => OperatingSystem.IsLinux() ? [2, 0] : [0];

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Query_KnownName_IsAnsweredOverUdpAndTcp(int loops)
    {
        await using var rig = new DnsServerRig(new DnsServerOptions { Loops = loops });
        foreach (var answer in new[] { await rig.UdpAsync("WEB.shop.svc.cluster.local"), await rig.TcpAsync("WEB.shop.svc.cluster.local") })
        {
            var record = Assert.Single(answer.Answers);
            Assert.Equal((DnsResponseCode.NoError, "WEB.shop.svc.cluster.local", "10.96.0.5"), (answer.Code, record.Name, record.Data));
        }
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Query_OtherName_IsForwardedAndKept(int loops)
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        await using var rig = new DnsServerRig(new DnsServerOptions { Loops = loops });
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("outside.example")).Data);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("OUTSIDE.example")).Data);
        Assert.Equal(["192.0.2.55"], (await rig.TcpAsync("outside.example")).Data);
        Assert.Single(upstream.Queries);
    }

    [Fact]
    public async Task Query_OnAWildcardAddress_IsAnsweredFromTheAddressItCameTo()
    {
        await using var rig = new DnsServerRig(address: IPAddress.Any);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        // Connected: another source would not be received.
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse("127.1.2.3"), rig.EndPoint.Port));
        await socket.SendAsync(DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[512];
        Assert.Equal(["10.96.0.5"], DnsMessage.Parse(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, patience.Token))).Data);
    }

    /// <summary>Bursts of one client: their answers have several sizes, some of them the same, and leave together.</summary>
    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Query_ManyAtOnceOfOneClient_EachHasItsAnswer(int loops)
    {
        const int Burst = 40, Bursts = 50;
        await using var rig = new DnsServerRig(new DnsServerOptions { Loops = loops });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
        await socket.ConnectAsync(rig.EndPoint);
        (string Name, DnsType Type)[] kinds =
            [("web.shop.svc.cluster.local", DnsType.A), ("web.shop.svc.cluster.local", DnsType.AAAA), ("none.shop.svc.cluster.local", DnsType.A), ("db.shop.svc.cluster.local", DnsType.A)];
        var expected = new string[kinds.Length];
        for (int i = 0; i < kinds.Length; i++) expected[i] = Text(await rig.UdpAsync(kinds[i].Name, kinds[i].Type));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var buffer = new byte[2048];
        for (int burst = 0; burst < Bursts; burst++)
        {
            for (int id = 0; id < Burst; id++) await socket.SendAsync(DnsMessage.Query(kinds[id % kinds.Length].Name, kinds[id % kinds.Length].Type, id: (ushort)id));
            var missing = Enumerable.Range(0, Burst).ToHashSet();
            while (missing.Count > 0)
            {
                DnsMessage answer = DnsMessage.Parse(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, patience.Token)));
                Assert.True(missing.Remove(answer.Id), $"{answer.Id} again");
                Assert.Equal(expected[answer.Id % kinds.Length], Text(answer));
            }
        }

        // Round robin turns the order of records; the rest is the same each time.
        static string Text(DnsMessage answer) => $"{answer.Code} {string.Join(" ", answer.Data.Order(StringComparer.Ordinal))}";
    }

    [Fact]
    public async Task Query_LargerThanAny_IsSilentAndTheNextAnswered()
    {
        await using var rig = new DnsServerRig();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(rig.EndPoint);
        byte[] query = DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A, id: 1);
        await socket.SendAsync((byte[])[.. query, .. new byte[9000]]);
        await socket.SendAsync(DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A, id: 2));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[2048];
        Assert.Equal(2, DnsMessage.Parse(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, patience.Token))).Id);
    }

    [Fact]
    public async Task Query_OverIPv6_IsAnswered()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        await using var rig = new DnsServerRig(address: IPAddress.IPv6Loopback);
        Assert.Equal(["10.96.0.5"], (await rig.UdpAsync("web.shop.svc.cluster.local")).Data);
        Assert.Equal(["10.96.0.5"], (await rig.TcpAsync("web.shop.svc.cluster.local")).Data);
    }

    [Fact]
    public async Task Start_PortTaken_IsAnError()
    {
        await using var rig = new DnsServerRig();
        Assert.Throws<SocketException>(() => new DnsServer(rig.EndPoint, DnsRig.ClusterZone(), () => new ResolverSettings([], []), Paths[0], NullLogger.Instance, TimeProvider.System));
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        udp.Bind(endPoint);
        foreach (var options in Paths)
            Assert.Throws<SocketException>(() => new DnsServer(endPoint, DnsRig.ClusterZone(), () => new ResolverSettings([], []), options, NullLogger.Instance, TimeProvider.System));
    }

    [Fact]
    public async Task Tcp_ManyQueriesAtOnce_AreAnsweredWhileOneWaits()
    {
        var release = new TaskCompletionSource();
        await using var upstream = new FakeUpstream("192.0.2.55");
        var answer = upstream.Answer;
        upstream.Answer = (query, tcp) =>
        {
            release.Task.Wait(TimeSpan.FromSeconds(4));
            return answer(query, tcp);
        };
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(upstream.EndPoint);
        await using var client = await rig.ConnectAsync();
        await DnsServerRig.WriteAsync(client, DnsMessage.Query("outside.example", DnsType.A, id: 1), DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A, id: 2), DnsMessage.Query("many.shop.svc.cluster.local", DnsType.A, id: 3));
        foreach (var id in new[] { 2, 3 }) Assert.Equal(id, (await DnsServerRig.ReadAsync(client))!.Id);
        release.SetResult();
        Assert.Equal(1, (await DnsServerRig.ReadAsync(client))!.Id);
    }

    [Fact]
    public async Task Tcp_SilentOrHalfSaidOrTooLarge_IsEnded()
    {
        await using var rig = new DnsServerRig(new DnsServerOptions { ConnectionIdle = TimeSpan.FromMilliseconds(300) });
        await using var silent = await rig.ConnectAsync();
        await using var half = await rig.ConnectAsync();
        await half.WriteAsync((byte[])[0, 50, 1, 2, 3]);
        await using var large = await rig.ConnectAsync();
        await large.WriteAsync((byte[])[0xFF, 0xFF, 1, 2, 3]);
        foreach (var client in new[] { silent, half, large }) Assert.True(await EndsAsync(client));
    }

    [Fact]
    public async Task Tcp_MoreConnectionsThanAllowed_AreServedOnceSilentOnesEnd()
    {
        await using var rig = new DnsServerRig(new DnsServerOptions { MaxConnections = 4, ConnectionIdle = TimeSpan.FromSeconds(5) });
        var silent = new List<NetworkStream>();
        for (var i = 0; i < 4; i++) silent.Add(await rig.ConnectAsync());
        Assert.Equal(["10.96.0.5"], (await rig.TcpAsync("web.shop.svc.cluster.local")).Data);
        foreach (var client in silent) await client.DisposeAsync();
    }

    /// <summary>An address of loopback each: the limit is a client's, and another is served beside it.</summary>
    [Fact]
    public async Task Tcp_MoreConnectionsThanAClientMayHave_AreEndedAndOthersServed()
    {
        await using var rig = new DnsServerRig(new DnsServerOptions { MaxConnectionsOfClient = 4 });
        var silent = new List<NetworkStream>();
        for (var i = 0; i < 4; i++) silent.Add(await ConnectAsync("127.0.0.2"));
        await using (var more = await ConnectAsync("127.0.0.2")) Assert.True(await EndsAsync(more));
        await using (var other = await ConnectAsync("127.0.0.3")) Assert.True(await IsServedAsync(other));
        Assert.True(await IsServedAsync(silent[0]));
        await silent[0].DisposeAsync();
        await Eventually.True(async () =>
        {
            await using var again = await ConnectAsync("127.0.0.2");
            return await IsServedAsync(again);
        });
        foreach (var client in silent) await client.DisposeAsync();

        async Task<NetworkStream> ConnectAsync(string from)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            await socket.ConnectAsync(rig.EndPoint);
            return new NetworkStream(socket, ownsSocket: true);
        }

        static async Task<bool> IsServedAsync(NetworkStream client)
        {
            try
            {
                await DnsServerRig.WriteAsync(client, DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A));
                return await DnsServerRig.ReadAsync(client) is { Code: DnsResponseCode.NoError };
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    /// <summary>A large answer that many queries of one connection wait for, whose client reads none for some time.</summary>
    [Fact]
    public async Task Tcp_ManyLargeAnswersAtOnce_AllArrive()
    {
        byte[][] many = [.. Enumerable.Range(1, 1500).Select(i => DnsMessage.Record(null, DnsType.A, 60, [10, 0, (byte)(i >> 8), (byte)i]))];
        var release = new TaskCompletionSource();
        await using var upstream = new FakeUpstream((query, tcp) =>
        {
            if (tcp) release.Task.Wait(TimeSpan.FromSeconds(4));
            return [tcp ? DnsMessage.Answer(query, 0, many) : DnsMessage.Answer(query, 0, [], flags: 0x8380)];
        });
        await using var rig = new DnsServerRig(new DnsServerOptions { MaxPipelined = 32, QuestionTime = TimeSpan.FromSeconds(60) });
        rig.Upstreams.Add(upstream.EndPoint);
        await using var client = await rig.ConnectAsync();
        await DnsServerRig.WriteAsync(client, [.. Enumerable.Range(0, 100).Select(i => DnsMessage.Query("outside.example", DnsType.A, id: (ushort)i))]);
        release.SetResult();
        var missing = Enumerable.Range(0, 100).ToHashSet();
        while (missing.Count > 0)
        {
            var answer = await DnsServerRig.ReadAsync(client);
            Assert.True(missing.Remove(answer!.Id));
            Assert.Equal(1500, answer.Answers.Count);
        }
    }

    [Fact]
    public async Task Metrics_AfterQueries_HaveThem()
    {
        var before = DnsMetrics.Sum();
        await using (var rig = new DnsServerRig())
        {
            await rig.UdpAsync("web.shop.svc.cluster.local");
            await rig.UdpAsync("none.shop.svc.cluster.local", DnsType.AAAA);
            await rig.TcpAsync("none.shop.svc.cluster.local", DnsType.AAAA);
        }

        // Others count meanwhile too: at least.
        var after = DnsMetrics.Sum();
        Assert.True(after.Requests[0] > before.Requests[0]);
        var nameErrors = DnsCounts.CodeNames.Length + 3;
        Assert.True(after.Requests[nameErrors] >= before.Requests[nameErrors] + 2);
        Assert.True(after.Latencies.ToArray().Sum() >= before.Latencies.ToArray().Sum() + 3);
    }

    private static async Task<bool> EndsAsync(Stream client)
    {
        try
        {
            return await DnsServerRig.ReadAsync(client) is null;
        }
        catch (IOException)
        {
            // A reset: what it had sent was not read.
            return true;
        }
    }
}
