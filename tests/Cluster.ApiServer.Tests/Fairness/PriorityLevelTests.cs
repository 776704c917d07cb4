using Cluster.ApiServer.Fairness;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Fairness;

public sealed class PriorityLevelTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Enter_AGreedyFlow_WaitsForItselfAlone()
    {
        var level = Level(seats: 1, queue: 100);
        Assert.True(await EnterAsync(level, "greedy"));
        var greedy = Enumerable.Range(0, 100).Select(_ => EnterAsync(level, "greedy").AsTask()).ToList();
        var modest = EnterAsync(level, "modest").AsTask();

        // Two turns: the one the greedy flow has begun, and the modest one's.
        level.Leave("greedy", 1);
        await greedy[0];
        level.Leave("greedy", 1);

        Assert.True(await modest);
        Assert.Equal(1, greedy.Count(task => task.IsCompleted));
    }

    [Fact]
    public async Task HasRoom_OfAFlowWhoseQueueIsFull_IsFalseForItAlone()
    {
        var level = Level(seats: 1, queue: 2);
        Assert.True(level.HasRoom("greedy"));
        Assert.True(await EnterAsync(level, "greedy"));
        var waiting = Enumerable.Range(0, 2).Select(_ => EnterAsync(level, "greedy").AsTask()).ToList();

        Assert.False(level.HasRoom("greedy"));
        Assert.True(level.HasRoom("modest"));

        level.Leave("greedy", 1);
        await waiting[0];
        Assert.True(level.HasRoom("greedy"));
    }

    [Fact]
    public async Task Enter_ManyFlows_TakeTurns()
    {
        var level = Level(seats: 1, queue: 100);
        Assert.True(await EnterAsync(level, "first"));
        string[] flows = ["a", "b", "c"];
        var served = new List<string>();
        var waiting = flows.SelectMany(flow => Enumerable.Range(0, 20).Select(_ => ServeAsync(flow))).ToList();
        level.Leave("first", 1);
        await Task.WhenAll(waiting);

        // In any run of turns each flow has had as many as the others, but for one.
        for (var turns = 1; turns <= served.Count; turns++)
        {
            var counts = flows.Select(flow => served.Take(turns).Count(name => name == flow)).ToList();
            Assert.True(counts.Max() - counts.Min() <= 1, string.Join(' ', served.Take(turns)));
        }

        async Task ServeAsync(string flow)
        {
            Assert.True(await EnterAsync(level, flow));
            served.Add(flow);
            level.Leave(flow, 1);
        }
    }

    [Fact]
    public async Task Enter_OneFlow_LeavesAQuarterOfTheSeats()
    {
        var level = Level(seats: 8, queue: 100);
        var greedy = Enumerable.Range(0, 20).Select(_ => EnterAsync(level, "greedy").AsTask()).ToList();

        Assert.Equal(6, greedy.Count(task => task.IsCompleted));
        Assert.True(EnterAsync(level, "modest").AsTask().IsCompleted);
        Assert.Equal((7, 14), (level.Running, level.Waiting));

        level.Leave("greedy", 1);
        Assert.True(await greedy[6]);
    }

    [Fact]
    public async Task Enter_WideRequests_TakeTheirSeats_AndAreNotPassedForEver()
    {
        var level = Level(seats: 8, queue: 100);
        Assert.True(await level.EnterAsync("greedy", 3, Patience, default));
        Assert.True(await level.EnterAsync("greedy", 3, Patience, default));
        // It waits for itself, and others do not.
        var third = level.EnterAsync("greedy", 3, Patience, default).AsTask();
        Assert.True(await level.EnterAsync("modest", 1, Patience, default));
        // This one is at no limit of its own: what becomes free is kept for it.
        var wide = level.EnterAsync("wide", 4, Patience, default).AsTask();
        var late = level.EnterAsync("late", 1, Patience, default).AsTask();
        Assert.False(third.IsCompleted || wide.IsCompleted || late.IsCompleted);

        level.Leave("modest", 1);
        Assert.False(late.IsCompleted);
        level.Leave("greedy", 3);

        // The turns are as they came: the third of the greedy one, which fits now, and then the wide one waits on.
        Assert.True(await third);
        Assert.False(wide.IsCompleted);
        level.Leave("greedy", 3);
        Assert.True(await wide);
        Assert.True(await late);
        Assert.Equal((8, 0), (level.Running, level.Waiting));
    }

    [Fact]
    public async Task Enter_TheOneThatHeldTheOthersGivesUp_TheyGoOn()
    {
        var level = Level(seats: 8, queue: 100);
        Assert.True(await level.EnterAsync("a", 6, Patience, default));
        using var left = new CancellationTokenSource();
        var wide = level.EnterAsync("wide", 4, Patience, left.Token).AsTask();
        var late = level.EnterAsync("late", 1, Patience, default).AsTask();
        Assert.False(late.IsCompleted);

        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wide);
        Assert.True(await late);
        Assert.Equal((7, 0), (level.Running, level.Waiting));
    }

    [Fact]
    public async Task Enter_AFullQueue_IsRefused()
    {
        var level = Level(seats: 1, queue: 2);
        Assert.True(await EnterAsync(level, "a"));
        _ = EnterAsync(level, "a").AsTask();
        _ = EnterAsync(level, "a").AsTask();

        Assert.False(await EnterAsync(level, "a"));
        Assert.False(EnterAsync(level, "b").AsTask().IsCompleted);
    }

    [Fact]
    public async Task Enter_ALongWait_EndsAndLeavesNothingBehind()
    {
        var level = Level(seats: 1, queue: 2);
        Assert.True(await EnterAsync(level, "a"));
        var waiting = EnterAsync(level, "b").AsTask();
        using var left = new CancellationTokenSource();
        var leaving = level.EnterAsync("c", 1, Patience, left.Token).AsTask();

        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        _time.Advance(Patience);
        Assert.False(await waiting);
        level.Leave("a", 1);

        Assert.Equal((0, 0), (level.Running, level.Waiting));
        Assert.True(await EnterAsync(level, "d"));
    }

    private PriorityLevel Level(int seats, int queue) => new(new LevelOptions("test", seats, queue), _time);

    private static ValueTask<bool> EnterAsync(PriorityLevel level, string flow) => level.EnterAsync(flow, 1, Patience, TestContext.Current.CancellationToken);
}
