using Microsoft.Extensions.Time.Testing;

namespace Cluster.Client.Tests.Queues;

public sealed class WorkQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new(_time);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task Add_Twice_IsTakenOnce()
    {
        _queue.Add("a");
        _queue.Add("a");
        _queue.Add("b");

        Assert.Equal(2, _queue.Count);
        Assert.Equal("a", await TakeAsync());
        Assert.Equal("b", await TakeAsync());
    }

    [Fact]
    public async Task Add_WhileInWork_ComesBackAfterDone()
    {
        _queue.Add("a");
        await TakeAsync();
        _queue.Add("a");
        Assert.Equal(0, _queue.Count);

        _queue.Done("a");

        Assert.Equal("a", await TakeAsync());
    }

    [Fact]
    public async Task Done_NotAddedMeanwhile_StaysOut()
    {
        _queue.Add("a");
        await TakeAsync();
        _queue.Done("a");

        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task GetAsync_Empty_WaitsForAdd()
    {
        var taking = _queue.GetAsync(CancellationToken.None).AsTask();
        Assert.False(taking.IsCompleted);

        _queue.Add("a");

        Assert.Equal("a", await taking.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task GetAsync_Cancelled_Throws()
    {
        using var stop = new CancellationTokenSource();
        var taking = _queue.GetAsync(stop.Token).AsTask();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
    }

    [Fact]
    public void AddAfter_SeveralDelays_FirstOneCounts()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.AddAfter("a", TimeSpan.FromSeconds(2));
        _queue.AddAfter("a", TimeSpan.FromSeconds(5));

        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal(0, _queue.Count);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public async Task AddAfter_OvertakenDelays_DoNotFireAgain()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.AddAfter("a", TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(2));
        await TakeAsync();
        _queue.Done("a");

        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void AddRateLimited_Failures_DoubleTheDelay()
    {
        _queue.AddRateLimited("a");
        _time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal(1, _queue.Count);
        Assert.Equal(1, _queue.Retries("a"));

        _queue.Forget("a");
        Assert.Equal(0, _queue.Retries("a"));
    }

    [Fact]
    public void ItemExponential_ManyFailures_StopsAtTheCap()
    {
        var limiter = new ItemExponentialRateLimiter<string>(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(1000));
        var delays = Enumerable.Range(0, 2000).Select(_ => limiter.When("a")).ToList();

        Assert.Equal([5, 10, 20, 40], delays.Take(4).Select(delay => delay.TotalMilliseconds));
        Assert.Equal(TimeSpan.FromSeconds(1000), delays[^1]);
        Assert.Equal(TimeSpan.FromMilliseconds(5), limiter.When("b"));
    }

    [Fact]
    public void Bucket_AfterTheBurst_SpacesByTheRate()
    {
        var limiter = new BucketRateLimiter<string>(10, 2, _time);

        Assert.Equal([0, 0, 100, 200], Enumerable.Range(0, 4).Select(_ => limiter.When("a").TotalMilliseconds));
        Assert.False(limiter.TryTake());
        _time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.True(limiter.TryTake());
    }

    private async Task<string> TakeAsync() => await _queue.GetAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
}
