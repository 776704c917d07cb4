using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class DnsCacheTests
{
    private static UpstreamAnswer Answer(string name, int ttl = 60)
    {
        var question = new UpstreamQuestion(WireName.FromText(name)!, DnsType.A);
        var message = DnsMessage.Answer(question.ToMessage(edns: false), 0, [DnsMessage.Record(null, DnsType.A, ttl, [1, 2, 3, 4])]);
        return UpstreamAnswer.Read(message, question, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1), 0)!;
    }

    private static UpstreamAnswer Failure(string name) => UpstreamAnswer.Failure(
        new UpstreamQuestion(WireName.FromText(name)!, DnsType.A), DnsResponseCode.ServerFailure, 0, TimeSpan.FromSeconds(5));

    private static bool Has(DnsCache cache, string name, long now = 0) => cache.Find(WireName.FromText(name), DnsType.A, now) is not null;

    [Fact]
    public void Add_MoreThanItHolds_LetsUnusedOnesGo()
    {
        var cache = new DnsCache(100, 1 << 20);
        for (var i = 0; i < 100; i++) cache.Add(Answer($"n{i}.example"));
        for (var i = 0; i < 50; i++) Assert.True(Has(cache, $"n{i}.example"));
        for (var i = 100; i < 150; i++) cache.Add(Answer($"n{i}.example"));
        Assert.Equal(100, cache.Count);
        Assert.All(Enumerable.Range(0, 50), i => Assert.True(Has(cache, $"n{i}.example")));
        Assert.False(Has(cache, "n60.example"));
    }

    [Fact]
    public void Add_MoreBytesThanItHolds_StaysBelow()
    {
        var cache = new DnsCache(10_000, 10_000);
        for (var i = 0; i < 1000; i++) cache.Add(Answer($"n{i}.example"));
        Assert.InRange(cache.Bytes, 9_000, 10_000);
    }

    [Fact]
    public void Add_SameNameAgainAndAgain_StaysSmall()
    {
        var cache = new DnsCache(10, 10_000);
        for (var i = 0; i < 1000; i++) cache.Add(Answer("same.example"));
        Assert.Equal((1, (long)Answer("same.example").Bytes), (cache.Count, cache.Bytes));
    }

    [Fact]
    public void Find_TtlOverOrBeyondTheLongest_IsNotThere()
    {
        var cache = new DnsCache(10, 10_000);
        cache.Add(Answer("none.example", ttl: 0));
        cache.Add(Answer("short.example", ttl: 10));
        cache.Add(Answer("long.example", ttl: 1_000_000));
        Assert.False(Has(cache, "none.example"));
        Assert.True(Has(cache, "short.example", 9_999));
        Assert.False(Has(cache, "short.example", 10_000));
        Assert.True(Has(cache, "long.example", 299_000));
        Assert.False(Has(cache, "long.example", 300_000));
    }

    [Fact]
    public void Add_AnyNumberOfFailures_ExpiredAnswersStayToBeToldMeanwhile()
    {
        var cache = new DnsCache(2_000, 1 << 20);
        for (var i = 0; i < 1_000; i++) cache.Add(Answer($"n{i}.example", ttl: 10));
        for (var i = 0; i < 20_000; i++) cache.Add(Failure($"random{i}.example"));
        Assert.All(Enumerable.Range(0, 1_000), i => Assert.NotNull(cache.FindStale(WireName.FromText($"n{i}.example"), DnsType.A, now: 60_000, grace: 3_600_000)));
        Assert.InRange(cache.Count, 1_001, 2_100);
    }

    [Fact]
    public void Find_FailureBesideAnAnswer_IsToldAsLongAsTheAnswerIsNotFresh()
    {
        var cache = new DnsCache(10, 10_000);
        cache.Add(Failure("name.example"));
        Assert.True(cache.Find(WireName.FromText("name.example"), DnsType.A, 4_999)!.IsFailure);
        Assert.False(Has(cache, "name.example", 5_000));
        cache.Add(Answer("name.example"));
        Assert.False(cache.Find(WireName.FromText("name.example"), DnsType.A, 0)!.IsFailure);
    }
}
