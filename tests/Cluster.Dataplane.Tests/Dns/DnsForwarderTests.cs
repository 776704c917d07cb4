using System.Net;
using Cluster.Dataplane.Dns;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class DnsForwarderTests
{
    private static readonly byte[] Address = [192, 0, 2, 55];
    private static readonly IPEndPoint Dead = new(IPAddress.Loopback, 9);

    [Fact]
    public async Task Query_FirstUpstreamDead_AsksTheNext()
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        await using var rig = new DnsServerRig();
        rig.Upstreams.AddRange([Dead, upstream.EndPoint]);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("outside.example")).Data);
    }

    [Theory]
    [InlineData(DnsResponseCode.ServerFailure)]
    [InlineData(DnsResponseCode.Refused)]
    public async Task Query_FirstUpstreamFails_AsksTheNext(DnsResponseCode code)
    {
        await using var failing = new FakeUpstream((query, _) => [DnsMessage.Answer(query, (int)code, [])]);
        await using var upstream = new FakeUpstream("192.0.2.55");
        await using var rig = new DnsServerRig();
        rig.Upstreams.AddRange([failing.EndPoint, upstream.EndPoint]);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("outside.example")).Data);
    }

    [Theory]
    [InlineData(DnsResponseCode.ServerFailure)]
    [InlineData(DnsResponseCode.Refused)]
    public async Task Query_FirstUpstreamFailsForOneName_IsFirstForTheNextStill(DnsResponseCode code)
    {
        // An office's own server, and the public one that knows nothing of the office.
        await using var own = new FakeUpstream((query, _) =>
            query.AsSpan().IndexOf("corp"u8) > 0 ? [DnsMessage.Answer(query, 0, [DnsMessage.Record(null, DnsType.A, 60, Address)])] : [DnsMessage.Answer(query, (int)code, [])]);
        await using var common = new FakeUpstream((query, _) =>
            query.AsSpan().IndexOf("corp"u8) > 0 ? [DnsMessage.Answer(query, (int)DnsResponseCode.NameError, [])] : [DnsMessage.Answer(query, 0, [DnsMessage.Record(null, DnsType.A, 60, [192, 0, 2, 66])])]);
        await using var rig = new DnsServerRig();
        rig.Upstreams.AddRange([own.EndPoint, common.EndPoint]);
        Assert.Equal(["192.0.2.66"], (await rig.UdpAsync("outside.example")).Data);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("files.corp")).Data);
    }

    [Fact]
    public async Task Query_FirstDatagramLost_IsAskedAgain()
    {
        var lost = 0;
        await using var upstream = new FakeUpstream("192.0.2.55");
        var answer = upstream.Answer;
        upstream.Answer = (query, tcp) => lost++ == 0 ? [] : answer(query, tcp);
        await using var rig = new DnsServerRig(new DnsServerOptions { QuestionTime = TimeSpan.FromSeconds(2) });
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("outside.example")).Data);
        Assert.Equal(2, upstream.Queries.Count);
    }

    [Fact]
    public async Task Query_NoUpstreamAnswers_IsServerFailure()
    {
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(Dead);
        var failures = DnsMetrics.ForwardFailures;
        Assert.Equal(DnsResponseCode.ServerFailure, (await rig.UdpAsync("outside.example")).Code);
        Assert.Equal(DnsResponseCode.ServerFailure, (await rig.TcpAsync("other.example")).Code);
        Assert.True(DnsMetrics.ForwardFailures >= failures + 2);
    }

    [Fact]
    public async Task Query_OnlyUpstreamIsTheServerItself_IsServerFailureAtOnce()
    {
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(rig.EndPoint);
        var asked = DnsMetrics.Sum().CacheMisses;
        Assert.Equal(DnsResponseCode.ServerFailure, (await rig.UdpAsync("outside.example")).Code);
        Assert.InRange(DnsMetrics.Sum().CacheMisses - asked, 0, 50);
    }

    [Fact]
    public async Task Query_RingOfTwoServers_IsAskedOnceAndEnds()
    {
        await using var rig = new DnsServerRig(new DnsServerOptions { QuestionTime = TimeSpan.FromSeconds(1) });
        // Another server that asks us whatever we ask it.
        using var back = new System.Net.Sockets.UdpClient(rig.EndPoint.Address.ToString(), rig.EndPoint.Port);
        await using var ring = new FakeUpstream((query, _) =>
        {
            back.Send(query);
            return [];
        });
        rig.Upstreams.Add(ring.EndPoint);
        Assert.Equal(DnsResponseCode.ServerFailure, (await rig.UdpAsync("outside.example")).Code);
        Assert.InRange(ring.Queries.Count, 1, 2);
    }

    [Fact]
    public async Task Query_AnswerCut_IsFetchedByTcp()
    {
        byte[][] many = [.. Enumerable.Range(1, 200).Select(i => DnsMessage.Record(null, DnsType.A, 60, [10, 0, 0, (byte)i]))];
        await using var upstream = new FakeUpstream((query, tcp) => [tcp ? DnsMessage.Answer(query, 0, many) : DnsMessage.Answer(query, 0, [], flags: 0x8380)]);
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(200, (await rig.TcpAsync("outside.example")).Answers.Count);
        var datagram = await rig.UdpAsync("outside.example");
        Assert.Equal((true, 0), (datagram.Truncated, datagram.Answers.Count));
    }

    [Fact]
    public async Task Query_ForgedAnswersBeforeTheTrueOne_ArePassedOver()
    {
        await using var upstream = new FakeUpstream((query, _) =>
        {
            var truth = DnsMessage.Answer(query, 0, [DnsMessage.Record(null, DnsType.A, 60, Address)]);
            var otherId = (byte[])[.. truth];
            otherId[0] ^= 1;
            var otherName = (byte[])[.. truth];
            otherName[13] ^= 1;
            var otherType = (byte[])[.. truth];
            otherType[12 + "outside.example".Length + 3] = 28;
            return [otherId, otherName, otherType, query, [], [1, 2, 3], truth[..20], truth];
        });
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("outside.example")).Data);
    }

    [Fact]
    public async Task Query_AnswerThatIsBroken_IsAFailureNotAnAnswer()
    {
        await using var upstream = new FakeUpstream((query, _) => [[.. DnsMessage.Answer(query, 0, [DnsMessage.Record(null, DnsType.A, 60, Address)])[..^15]]]);
        await using var rig = new DnsServerRig(new DnsServerOptions { QuestionTime = TimeSpan.FromSeconds(1) });
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(DnsResponseCode.ServerFailure, (await rig.UdpAsync("outside.example")).Code);
    }

    [Fact]
    public async Task Query_UpstreamWithoutEdns_IsAskedWithoutIt()
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        var answer = upstream.Answer;
        upstream.Answer = (query, tcp) => query[11] > 0 ? [DnsMessage.Answer(query, 1, [])] : answer(query, tcp);
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("outside.example")).Data);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Query_UpstreamRefusesEdnsByABareHeader_IsAskedWithoutItAtOnce(bool truncates)
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        var answer = upstream.Answer;
        upstream.Answer = (query, tcp) => query[11] > 0 ? [[query[0], query[1], 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0]] : truncates && !tcp ? [Truncated(query)] : answer(query, tcp);
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("outside.example")).Data);
        Assert.Equal(truncates ? 3 : 2, upstream.Queries.Count);

        static byte[] Truncated(byte[] query)
        {
            var whole = DnsMessage.Answer(query, 0, []);
            whole[2] |= 2;
            return whole;
        }
    }

    [Fact]
    public async Task Query_ManyNames_LeaveFromRandomPortsUnderRandomIdentifiers()
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(upstream.EndPoint);
        for (var i = 0; i < 50; i++) await rig.UdpAsync($"name-{i}.example");
        Assert.InRange(upstream.Ports.Distinct().Count(), 30, 50);
        Assert.InRange(upstream.Queries.Select(query => (query[0] << 8) | query[1]).Distinct().Count(), 45, 50);
    }

    [Fact]
    public async Task Query_ManyAskersOfOneName_AreOneQuestion()
    {
        var release = new TaskCompletionSource();
        await using var upstream = new FakeUpstream("192.0.2.55");
        var answer = upstream.Answer;
        upstream.Answer = (query, tcp) =>
        {
            release.Task.Wait(TimeSpan.FromSeconds(5));
            return answer(query, tcp);
        };
        await using var rig = new DnsServerRig();
        rig.Upstreams.Add(upstream.EndPoint);
        var misses = DnsMetrics.Sum().CacheMisses;
        var askers = Enumerable.Range(0, 20).Select(_ => rig.UdpAsync("outside.example")).ToArray();
        await Testing.Eventually.True(() => DnsMetrics.Sum().CacheMisses >= misses + 20);
        release.SetResult();
        foreach (var asker in askers) Assert.Equal(["192.0.2.55"], (await asker).Data);
        Assert.Single(upstream.Queries);
    }

    [Fact]
    public async Task Query_NameError_IsKeptByTheAuthoritysTime()
    {
        var time = new FakeTimeProvider();
        byte[] soa = DnsMessage.Record("example", DnsType.SOA, 300, [.. DnsMessage.NameData("ns.example"), .. DnsMessage.NameData("h.example"), .. new byte[16], 0, 0, 0, 20]);
        await using var upstream = new FakeUpstream((query, _) => [DnsMessage.Answer(query, 3, [], soa)]);
        await using var rig = new DnsServerRig(time: time);
        rig.Upstreams.Add(upstream.EndPoint);
        for (var i = 0; i < 3; i++) Assert.Equal(DnsResponseCode.NameError, (await rig.UdpAsync("none.example")).Code);
        Assert.Single(upstream.Queries);
        time.Advance(TimeSpan.FromSeconds(21));
        await rig.UdpAsync("none.example");
        Assert.Equal(2, upstream.Queries.Count);
    }

    [Theory]
    [InlineData(DnsResponseCode.ServerFailure)]
    [InlineData(DnsResponseCode.Refused)]
    public async Task Query_UpstreamFails_IsRememberedForAWhile(DnsResponseCode code)
    {
        var time = new FakeTimeProvider();
        await using var upstream = new FakeUpstream((query, _) => [DnsMessage.Answer(query, (int)code, [])]);
        await using var rig = new DnsServerRig(new DnsServerOptions { FailureTtl = TimeSpan.FromSeconds(5) }, time);
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(code, (await rig.UdpAsync("broken.example")).Code);
        var asked = upstream.Queries.Count;
        for (var i = 0; i < 10; i++) Assert.Equal(code, (await rig.UdpAsync("broken.example")).Code);
        Assert.Equal(asked, upstream.Queries.Count);
        // That one name can't be found out says nothing of others.
        await rig.UdpAsync("other.example");
        Assert.Equal(2 * asked, upstream.Queries.Count);
        time.Advance(TimeSpan.FromSeconds(6));
        upstream.Answer = (query, _) => [DnsMessage.Answer(query, 0, [DnsMessage.Record(null, DnsType.A, 60, Address)])];
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("broken.example")).Data);
    }

    [Fact]
    public async Task Query_FailureWasRemembered_IsNoStaleAnswer()
    {
        var time = new FakeTimeProvider();
        await using var upstream = new FakeUpstream((query, _) => [DnsMessage.Answer(query, (int)DnsResponseCode.Refused, [])]);
        await using var rig = new DnsServerRig(new DnsServerOptions { StaleTime = TimeSpan.FromHours(1) }, time);
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(DnsResponseCode.Refused, (await rig.UdpAsync("broken.example")).Code);
        time.Advance(TimeSpan.FromSeconds(10));
        upstream.Answer = (query, _) => [DnsMessage.Answer(query, (int)DnsResponseCode.ServerFailure, [])];
        Assert.Equal(DnsResponseCode.ServerFailure, (await rig.UdpAsync("broken.example")).Code);
    }

    [Fact]
    public async Task Query_NoServerToAsk_IsAskedOnceThereIsOne()
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        await using var rig = new DnsServerRig(time: new FakeTimeProvider());
        Assert.Equal(DnsResponseCode.ServerFailure, (await rig.UdpAsync("outside.example")).Code);
        rig.Upstreams.Add(upstream.EndPoint);
        Assert.Equal(["192.0.2.55"], (await rig.UdpAsync("outside.example")).Data);
    }

    [Fact]
    public async Task Query_UpstreamGone_IsAnsweredFromBeforeForAWhile()
    {
        var time = new FakeTimeProvider();
        await using var rig = new DnsServerRig(new DnsServerOptions { StaleTime = TimeSpan.FromMinutes(10) }, time);
        await using (var upstream = new FakeUpstream("192.0.2.55", ttl: 30))
        {
            rig.Upstreams.Add(upstream.EndPoint);
            await rig.UdpAsync("outside.example");
        }

        time.Advance(TimeSpan.FromSeconds(31));
        var stale = await rig.UdpAsync("outside.example");
        Assert.Equal(("192.0.2.55", 30), (stale.Answers[0].Data, stale.Answers[0].Ttl));
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(DnsResponseCode.ServerFailure, (await rig.UdpAsync("outside.example")).Code);
    }
}
