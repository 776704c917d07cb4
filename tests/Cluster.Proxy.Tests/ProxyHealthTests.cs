using Microsoft.Extensions.Time.Testing;

namespace Cluster.Proxy.Tests;

public sealed class ProxyHealthTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void IsHealthy_ChangeWaitingTooLong_IsFalseUntilApplied()
    {
        var health = new ProxyHealth(TimeSpan.FromSeconds(60), _time);
        Assert.True(health.IsHealthy);
        health.Queued();
        _time.Advance(TimeSpan.FromSeconds(59));
        health.Queued();
        Assert.True(health.IsHealthy);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(health.IsHealthy);
        health.Begun();
        Assert.False(health.IsHealthy);
        health.Applied();
        Assert.True(health.IsHealthy);
    }

    [Fact]
    public void IsHealthy_ChangeWhileAnotherIsApplied_StillWaitsAfterIt()
    {
        var health = new ProxyHealth(TimeSpan.FromSeconds(60), _time);
        health.Queued();
        health.Begun();
        _time.Advance(TimeSpan.FromSeconds(40));
        health.Queued();
        health.Applied();
        Assert.True(health.IsHealthy);
        // It is begun with and hangs.
        health.Begun();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.False(health.IsHealthy);
        health.Applied();
        Assert.True(health.IsHealthy);
    }

    [Fact]
    public void IsHealthy_NothingToDo_StaysTrue()
    {
        var health = new ProxyHealth(TimeSpan.FromSeconds(60), _time);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.True(health.IsHealthy);
    }
}
