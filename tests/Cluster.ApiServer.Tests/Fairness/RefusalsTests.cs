using Cluster.ApiServer.Fairness;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Fairness;

public sealed class RefusalsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Hold_BeyondTheFreeOnesOfASecond_Waits()
    {
        var refusals = new Refusals(freeASecond: 2, _time);
        var told = Enumerable.Range(0, 5).Select(_ => refusals.HoldAsync(default).AsTask()).ToList();
        Assert.Equal(2, told.Count(task => task.IsCompleted));

        _time.Advance(Refusals.Longest);
        await Task.WhenAll(told).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        // Another second, another two.
        Assert.True(refusals.HoldAsync(default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Hold_MoreThanMayBeHeld_IsToldAtOnce()
    {
        var refusals = new Refusals(freeASecond: 0, _time);
        var told = Enumerable.Range(0, 5_000).Select(_ => refusals.HoldAsync(default).AsTask()).ToList();
        Assert.Equal(5_000 - 4_096, told.Count(task => task.IsCompleted));

        _time.Advance(Refusals.Longest);
        await Task.WhenAll(told).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(refusals.HoldAsync(default).AsTask().IsCompleted);
    }
}
