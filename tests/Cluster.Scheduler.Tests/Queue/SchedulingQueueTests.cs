using Cluster.Client;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Queue;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Scheduler.Tests.Queue;

public sealed class SchedulingQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly SchedulingQueue _queue;

    public SchedulingQueueTests()
    {
        _queue = new SchedulingQueue(_time);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task Take_SeveralPods_ByPriorityThenAge()
    {
        foreach (var (name, priority) in new[] { ("a", 0), ("b", 5), ("c", 0), ("d", 5), ("last", int.MinValue), ("first", int.MaxValue) })
        {
            _queue.Set(A.Pod(name).With(spec => spec.Priority = priority).Facts(), mayHelp: false);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(
            ["first", "b", "d", "a", "c", "last"],
            new[] { await TakeAsync(), await TakeAsync(), await TakeAsync(), await TakeAsync(), await TakeAsync(), await TakeAsync() });
    }

    [Fact]
    public async Task Fail_EventOfAnotherKind_LeavesPodUnschedulable()
    {
        await FailAsync("a", ClusterEvents.NodeTaints);
        _time.Advance(TimeSpan.FromSeconds(5));

        _queue.Wake(ClusterEvents.PodPlaced);
        Assert.Equal(1, _queue.Count(QueueState.Unschedulable));

        _queue.Wake(ClusterEvents.NodeTaints);
        Assert.Equal("a", await TakeAsync());
    }

    [Fact]
    public async Task Wake_WithinBackoff_WaitsForItsEnd()
    {
        await FailAsync("a", ClusterEvents.NodeAdded);

        _queue.Wake(ClusterEvents.NodeAdded);
        Assert.Equal(1, _queue.Count(QueueState.Backoff));
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(1, _queue.Count(QueueState.Backoff));
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("a", await TakeAsync());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(4, 8)]
    [InlineData(5, 10)]
    [InlineData(30, 10)]
    public async Task Retry_SeveralFailures_BackoffDoublesToTenSeconds(int failures, int seconds)
    {
        _queue.Set(A.Pod("a").Facts(), mayHelp: false);
        for (var i = 0; i < failures; i++)
        {
            _queue.Retry(await _queue.TakeAsync(Cancel));
            if (i < failures - 1)
                _time.Advance(TimeSpan.FromSeconds(10));
        }

        _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _queue.Count(QueueState.Backoff));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _queue.Count(QueueState.Active));
    }

    [Fact]
    public async Task Fail_EventCameWhileInFlight_IsNotMissed()
    {
        _queue.Set(A.Pod("a").Facts(), mayHelp: false);
        var pod = await _queue.TakeAsync(Cancel);
        _queue.Wake(ClusterEvents.NodeAdded);

        _queue.Fail(pod, ClusterEvents.NodeAdded);

        Assert.Equal(1, _queue.Count(QueueState.Backoff));
    }

    [Fact]
    public async Task Fail_NothingHappens_TriedAgainAfterAMinute()
    {
        await FailAsync("a", ClusterEvents.None);

        _time.Advance(TimeSpan.FromSeconds(45));
        Assert.Equal(1, _queue.Count(QueueState.Unschedulable));
        _time.Advance(TimeSpan.FromSeconds(45));

        Assert.Equal("a", await TakeAsync());
    }

    [Fact]
    public async Task Set_ChangeThatMayHelp_WakesPod()
    {
        await FailAsync("a", ClusterEvents.None);
        _time.Advance(TimeSpan.FromSeconds(2));

        _queue.Set(A.Pod("a").Facts(), mayHelp: false);
        Assert.Equal(1, _queue.Count(QueueState.Unschedulable));
        _queue.Set(A.Pod("a", cpu: "1m").Facts(), mayHelp: true);

        Assert.Equal("a", await TakeAsync());
    }

    [Fact]
    public async Task Fail_PodRemovedInFlight_DoesNotComeBack()
    {
        _queue.Set(A.Pod("a").Facts(), mayHelp: false);
        var pod = await _queue.TakeAsync(Cancel);
        _queue.Remove(new ObjectKey("default", "a"));

        _queue.Retry(pod);
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(0, _queue.Count(QueueState.Active) + _queue.Count(QueueState.Backoff) + _queue.Count(QueueState.Unschedulable));
    }

    [Fact]
    public async Task Set_PodRemovedAndMadeAnew_IsTakenOnce()
    {
        _queue.Set(A.Pod("a").Facts(), mayHelp: false);
        _queue.Remove(new ObjectKey("default", "a"));
        var anew = A.Pod("a");
        anew.Metadata.Uid = "another";
        _queue.Set(anew.Facts(), mayHelp: false);

        Assert.Equal("another", (await _queue.TakeAsync(Cancel)).Pod.Uid);
        Assert.Equal(0, _queue.Count(QueueState.Active));
    }

    private async Task<string> TakeAsync() => (await _queue.TakeAsync(Cancel)).Pod.Key.Name;

    private async Task FailAsync(string name, ClusterEvents wakesOn)
    {
        _queue.Set(A.Pod(name).Facts(), mayHelp: false);
        _queue.Fail(await _queue.TakeAsync(Cancel), wakesOn);
    }
}
