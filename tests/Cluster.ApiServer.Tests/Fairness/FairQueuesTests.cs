using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.Hosting;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Fairness;

public sealed class FairQueuesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly RequestLabels List = new("LIST", "", "pods", "", LongRunning: false);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Enter_WithoutASeatInTime_IsToldToComeBack()
    {
        var queues = new FairQueues(6, Patience, _time, cores: 8);
        using var seat = await queues.EnterAsync(UserIdentity.Anonymous, "/api/v1/pods", List, default);
        var second = queues.EnterAsync(UserIdentity.Anonymous, "/api/v1/pods", List, default).AsTask();
        Assert.False(second.IsCompleted);

        _time.Advance(Patience);

        var failure = await Assert.ThrowsAsync<StatusException>(() => second);
        Assert.Equal((429, "TooManyRequests", 1), (failure.Code, failure.Status.Reason, failure.Status.Details.RetryAfterSeconds));
    }

    [Fact]
    public async Task Enter_OneLevelFull_LeavesTheOthersAlone()
    {
        var queues = new FairQueues(6, Patience, _time, cores: 8);
        using var anonymous = await queues.EnterAsync(UserIdentity.Anonymous, "/api/v1/pods", List, default);
        using var jane = await queues.EnterAsync(new UserIdentity("jane", ["system:authenticated"]), "/api/v1/pods", List, default);
        using var robot = await queues.EnterAsync(new UserIdentity("system:serviceaccount:a:robot", ["system:serviceaccounts", "system:authenticated"]), "/api/v1/pods", List, default);
        using var node = await queues.EnterAsync(new UserIdentity("system:node:a", ["system:nodes"]), "/api/v1/pods", List, default);
        using var scheduler = await queues.EnterAsync(new UserIdentity("system:kube-scheduler", ["system:authenticated"]), "/api/v1/pods", List, default);

        for (var i = 0; i < 100; i++)
        {
            // Who can mend an overloaded server, questions about health, and streams, which last for hours, take no seat.
            Assert.True(queues.EnterAsync(new UserIdentity("admin", ["system:masters"]), "/api/v1/pods", List, default).AsTask().IsCompletedSuccessfully);
            Assert.True(queues.EnterAsync(UserIdentity.Anonymous, "/healthz", List, default).AsTask().IsCompletedSuccessfully);
            Assert.True(queues.EnterAsync(UserIdentity.Anonymous, "/api/v1/pods", List with { Verb = "CONNECT", LongRunning = true }, default).AsTask().IsCompletedSuccessfully);
        }
    }

    [Theory]
    [InlineData("LIST", 0, 5_000, 4)]
    [InlineData("LIST", 0, 450, 8)]
    [InlineData("LIST", 100, 5_000, 44)]
    [InlineData("GET", 0, 5_000, 44)]
    [InlineData("WATCH", 0, 5_000, 4, true)]
    [InlineData("WATCH", 0, 5_000, 44)]
    public void Enter_AListOrTheStateOfAWatch_TakesASeatForAHundredObjects(string verb, long limit, int objects, int together, bool fromBeginning = false)
    {
        // 58 seats of the level, of which one flow has 44.
        var queues = new FairQueues(600, Patience, _time, cores: 8) { Count = (_, _, _) => objects };
        var lists = Enumerable.Range(0, 60).Select(_ => queues.EnterAsync(
            new UserIdentity("jane", ["system:authenticated"]), "/", List with { Verb = verb, Limit = limit, FromBeginning = fromBeginning, LongRunning = verb == "WATCH" }, default).AsTask()).ToList();

        Assert.Equal(together, lists.Count(task => task.IsCompletedSuccessfully));
    }

    [Theory]
    [InlineData("jane", "system:authenticated", 16)]
    [InlineData("system:serviceaccount:a:robot", "system:serviceaccounts", 16)]
    [InlineData("system:kube-controller-manager", "system:authenticated", 88)]
    public void Enter_OnFewCores_OneUserHasFewSeats(string user, string group, int together)
    {
        var queues = new FairQueues(600, Patience, _time, cores: 2);
        var gets = Enumerable.Range(0, 100).Select(_ => queues.EnterAsync(new UserIdentity(user, [group]), "/", List with { Verb = "GET" }, default).AsTask()).ToList();

        Assert.Equal(together, gets.Count(task => task.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task Flood_OfOneUser_DoesNotKeepAnotherWaiting()
    {
        var queues = new FairQueues(600, Patience, _time, cores: 8);
        var greedy = Enumerable.Range(0, 1000).Select(_ => queues.EnterAsync(new UserIdentity("greedy", ["system:authenticated"]), "/", List, default).AsTask()).ToList();

        Assert.True(queues.EnterAsync(new UserIdentity("modest", ["system:authenticated"]), "/", List, default).AsTask().IsCompletedSuccessfully);
        // What had no room even in the queue is refused, and not so that it can be asked again at once.
        Assert.DoesNotContain(greedy, task => task.IsFaulted);
        _time.Advance(Refusals.Longest);
        await Eventually.True(() => Task.FromResult(greedy.Count(task => task.IsFaulted) > 800));
        Assert.All(greedy.Where(task => task.IsFaulted), task => Assert.Equal(429, ((StatusException)task.Exception!.InnerException!).Code));
    }

    [Fact]
    public async Task Seat_OfARequestThatTurnsOutToBeMore_IsChanged()
    {
        var queues = new FairQueues(600, Patience, _time, cores: 8) { Count = (_, _, _) => 5_000 };
        var jane = new UserIdentity("jane", ["system:authenticated"]);
        var calls = Enumerable.Range(0, 10).Select(_ => new RequestSeat(queues, jane, "/cluster.v1.Resources/List")).ToList();
        foreach (var call in calls)
            await call.TakeAsync(new RequestLabels("GRPC List", "", "", "", LongRunning: false), default);

        var lists = calls.Select(call => call.TakeAsync(List, default).AsTask()).ToList();
        await Eventually.True(() => Seated() == 4);

        foreach (var call in calls.Where((_, i) => lists[i].IsCompletedSuccessfully).ToList())
            call.Dispose();
        await Eventually.True(() => Seated() == 8);

        int Seated() => lists.Count(task => task.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Seat_OfACallAboutALease_IsOfItsOwnLevel()
    {
        var queues = new FairQueues(6, Patience, _time, cores: 8);
        var manager = new UserIdentity("system:kube-controller-manager", ["system:authenticated"]);
        using var other = new RequestSeat(queues, manager, "/");
        using var waiting = new RequestSeat(queues, manager, "/");
        using var lease = new RequestSeat(queues, manager, "/");
        await other.TakeAsync(List, default);
        Assert.False(waiting.TakeAsync(List, default).AsTask().IsCompleted);

        Assert.True(lease.TakeAsync(new RequestLabels("UPDATE", "coordination.k8s.io", "leases", "", LongRunning: false), default).AsTask().IsCompletedSuccessfully);
    }
}
