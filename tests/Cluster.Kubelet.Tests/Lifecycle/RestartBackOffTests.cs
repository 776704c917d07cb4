using Cluster.Kubelet.Lifecycle;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Kubelet.Tests.Lifecycle;

public sealed class RestartBackOffTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch);

    [Fact]
    public void Remaining_OverManyCrashes_DoublesFromTenSecondsToFiveMinutes()
    {
        var backOff = New();
        var delays = new List<double>();
        for (var crash = 0; crash < 8; crash++)
        {
            var left = backOff.Remaining("key", time.GetUtcNow());
            delays.Add(left.TotalSeconds);
            var crashedAt = time.GetUtcNow();
            time.Advance(left);
            backOff.Next("key", crashedAt);
        }

        Assert.Equal([0, 10, 20, 40, 80, 160, 300, 300], delays);
    }

    [Fact]
    public void Remaining_AfterTenQuietMinutes_StartsAfresh()
    {
        var backOff = New();
        backOff.Next("key", time.GetUtcNow());
        backOff.Next("key", time.GetUtcNow());
        time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));

        Assert.Equal(TimeSpan.Zero, backOff.Remaining("key", time.GetUtcNow()));
        backOff.Next("key", time.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(10), backOff.Remaining("key", time.GetUtcNow()));
    }

    private RestartBackOff New() => new(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5), time);
}
