using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Scheduler.Framework;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Scheduler.Tests;

public sealed class SchedulerTests : IAsyncLifetime
{
    private readonly FakeApiClient _api = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public ValueTask InitializeAsync()
    {
        _api.Seed(new Namespace { Metadata = new() { Name = "default" } });
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    [Fact]
    public async Task Run_PodWithoutNode_IsBoundAndEventSaysWhere()
    {
        _api.Seed(A.Node("n"));
        await StartAsync();

        _api.Seed(A.Pod("p"));

        await Eventually.True(() => NodeOf("p") == "n", "binding");
        await Eventually.True(() => EventOf("p", "Scheduled") is not null, "event");
        Assert.Equal(("Normal", "Successfully assigned default/p to n", "default-scheduler"),
            (EventOf("p", "Scheduled")!.Type, EventOf("p", "Scheduled")!.Message, EventOf("p", "Scheduled")!.Source.Component));
    }

    [Fact]
    public async Task Run_PodOfAnotherScheduler_IsLeftAlone()
    {
        _api.Seed(A.Node("n"));
        await StartAsync();

        _api.Seed(A.Pod("theirs").With(spec => spec.SchedulerName = "shell"));
        _api.Seed(A.Pod("ours"));

        await Eventually.True(() => NodeOf("ours") == "n", "binding of ours");
        Assert.Equal("", NodeOf("theirs"));
        Assert.DoesNotContain(_api.Requests, request => request.Name == "theirs");
    }

    [Fact]
    public async Task Run_SeveralProfiles_EachPlacesItsOwn()
    {
        _api.Seed(A.Node("n"));
        await StartAsync(new SchedulerOptions { Profiles = [DefaultProfile.Create(), DefaultProfile.Create("second")] });

        _api.Seed(A.Pod("one"));
        _api.Seed(A.Pod("two").With(spec => spec.SchedulerName = "second"));

        await Eventually.True(() => NodeOf("one") == "n" && NodeOf("two") == "n", "bindings");
    }

    [Fact]
    public async Task Run_PodThatFitsNowhere_ConditionAndEventSayWhyUntilANodeComes()
    {
        _api.Seed(A.Node("small", cpu: "1"));
        await StartAsync();

        _api.Seed(A.Pod("big", cpu: "2"));
        const string reason = "0/1 nodes are available: 1 Insufficient cpu.";
        await Eventually.True(() => Condition("big")?.Message == reason, "condition");
        Assert.Equal(("False", "Unschedulable"), (Condition("big")!.Status, Condition("big")!.Reason));
        await Eventually.True(() => EventOf("big", "FailedScheduling") is { Type: "Warning", Message: reason }, "event");

        _api.Seed(A.Node("large", cpu: "8"));
        await Eventually.True(() => NodeOf("big") == "large", "binding to the new node");
    }

    [Fact]
    public async Task Run_PodGoesFromFullNode_WaitingPodTakesItsPlace()
    {
        _api.Seed(A.Node("n", cpu: "1"));
        _api.Seed(A.Pod("first", cpu: "1").On("n"));
        await StartAsync();
        _api.Seed(A.Pod("second", cpu: "1"));
        await Eventually.True(() => Condition("second") is { Status: "False" }, "condition");

        _api.Remove<Pod>("default", "first");

        await Eventually.True(() => NodeOf("second") == "n", "binding");
    }

    [Fact]
    public async Task Run_NodeBecomesReady_WaitingPodIsBound()
    {
        var node = A.Node("n");
        node.Status.Conditions[0].Status = "False";
        _api.Seed(node);
        await StartAsync();
        _api.Seed(A.Pod("p"));
        await Eventually.True(() => Condition("p")?.Message == "0/1 nodes are available: 1 node(s) were not ready.", "condition");

        _api.Change<Node>(null, "n", changed => changed.Status.Conditions[0].Status = "True");

        await Eventually.True(() => NodeOf("p") == "n", "binding");
    }

    [Fact]
    public async Task Run_ManyPodsAtOnce_NoNodeIsOvercommitted()
    {
        for (var i = 0; i < 4; i++)
            _api.Seed(A.Node($"n{i}", cpu: "2"));
        for (var i = 0; i < 30; i++)
            _api.Seed(A.Pod($"p{i}", cpu: "500m"));

        await StartAsync();

        await Eventually.True(() => Bound().Count == 16, "16 bindings, which is all that fits");
        await Eventually.True(() => _api.All<Pod>().Count(pod => pod.GetCondition("PodScheduled") is { Status: "False" }) == 14, "conditions of the others");
        Assert.All(Bound().GroupBy(pod => pod.Spec.NodeName), node => Assert.Equal(4, node.Count()));
    }

    [Fact]
    public async Task Run_PodsOfOneController_AreSpread()
    {
        for (var i = 0; i < 3; i++)
            _api.Seed(A.Node($"n{i}"));
        await StartAsync();

        for (var i = 0; i < 6; i++)
            _api.Seed(A.Pod($"p{i}").OwnedBy("rs"));

        await Eventually.True(() => Bound().Count == 6, "bindings");
        Assert.All(Bound().GroupBy(pod => pod.Spec.NodeName), node => Assert.Equal(2, node.Count()));
    }

    [Fact]
    public async Task Run_BindingRefused_TriedAgain()
    {
        _api.Seed(A.Node("n"));
        var refusals = 2;
        _api.Fault = request => request.Subresource == "binding" && Interlocked.Decrement(ref refusals) >= 0
            ? StatusErrors.Conflict(request.Type, request.Name, "node n is full")
            : null;
        await StartAsync();

        _api.Seed(A.Pod("p"));

        await Eventually.True(() => NodeOf("p") == "n", "binding after two refusals");
        Assert.Equal(3, _api.Requests.Count(request => request.Subresource == "binding"));
    }

    [Fact]
    public async Task Run_NodeGoneAtBinding_PodIsTriedAgain()
    {
        _api.Seed(A.Node("n"));
        var refusals = 1;
        _api.Fault = request => request.Subresource == "binding" && Interlocked.Decrement(ref refusals) >= 0
            ? StatusErrors.NotFound(ResourceCatalog.For<Node>(), "n")
            : null;
        await StartAsync();

        _api.Seed(A.Pod("p"));

        await Eventually.True(() => NodeOf("p") == "n", "binding to the node that came back");
    }

    [Fact]
    public async Task Run_ReplyOfBindingLost_PodIsBoundOnce()
    {
        _api.Seed(A.Node("n"));
        var lost = 1;
        _api.LostReply = request => request.Subresource == "binding" && Interlocked.Decrement(ref lost) >= 0 ? new HttpRequestException("reset") : null;
        await StartAsync();

        _api.Seed(A.Pod("p"));
        await Eventually.True(() => NodeOf("p") == "n", "binding");
        _api.Seed(A.Pod("q"));

        await Eventually.True(() => NodeOf("q") == "n", "binding of the next pod");
        Assert.Equal(1, _api.Requests.Count(request => request is { Subresource: "binding", Name: "p" }));
    }

    [Fact]
    public async Task Run_GatedPod_WaitsForItsGates()
    {
        _api.Seed(A.Node("n"));
        await StartAsync();
        _api.Seed(A.Pod("gated").With(spec => spec.SchedulingGates.Add(new PodSchedulingGate { Name = "quota" })));
        _api.Seed(A.Pod("free"));
        await Eventually.True(() => NodeOf("free") == "n", "binding of the free pod");
        Assert.Equal("", NodeOf("gated"));

        _api.Change<Pod>("default", "gated", pod => pod.Spec.SchedulingGates.Clear());

        await Eventually.True(() => NodeOf("gated") == "n", "binding");
    }

    [Fact]
    public async Task Run_LeaderElection_OnlyTheLeaderBindsAndTheOtherTakesOver()
    {
        _api.Seed(A.Node("n"));
        using var firstStop = new CancellationTokenSource();
        var first = Create(Electing("first")).RunAsync(firstStop.Token);
        await Eventually.True(() => Holder() == "first", "first leads");
        var second = Create(Electing("second"));
        _running.Add(second.RunAsync(_stop.Token));
        await Eventually.True(() => second.IsReady, "second is ready");
        _api.Seed(A.Pod("p"));
        await Eventually.True(() => NodeOf("p") == "n", "binding by the first");

        await firstStop.CancelAsync();
        await first;
        _api.Seed(A.Pod("q"));

        await Eventually.True(() => NodeOf("q") == "n", "binding by the second");
        Assert.Equal("second", Holder());
    }

    [Fact]
    public async Task Run_Cancelled_ReturnsAndIsNoLongerReady()
    {
        var scheduler = Create(new SchedulerOptions());
        using var stop = new CancellationTokenSource();
        var running = scheduler.RunAsync(stop.Token);
        await Eventually.True(() => scheduler.IsReady, "ready");

        await stop.CancelAsync();
        await running;

        Assert.False(scheduler.IsReady);
    }

    [Fact]
    public async Task Run_ThousandPodsOnHundredNodes_AllBoundEvenly()
    {
        for (var i = 0; i < 100; i++)
            _api.Seed(A.Node($"n{i}"));
        for (var i = 0; i < 1000; i++)
            _api.Seed(A.Pod($"p{i}", cpu: "100m", memory: "100Mi").OwnedBy("rs"));

        await StartAsync();

        await Eventually.True(() => Bound().Count == 1000, "bindings", TimeSpan.FromSeconds(60));
        Assert.All(Bound().GroupBy(pod => pod.Spec.NodeName), node => Assert.Equal(10, node.Count()));
    }

    private static SchedulerOptions Electing(string identity) => new()
    {
        LeaderElection = new LeaderElectionOptions { Name = "kube-scheduler", Identity = identity, RetryPeriod = TimeSpan.FromMilliseconds(100) },
    };

    private Scheduler Create(SchedulerOptions options) => new(_api, options, NullLoggerFactory.Instance, TimeProvider.System);

    private async Task StartAsync(SchedulerOptions? options = null)
    {
        var scheduler = Create(options ?? new SchedulerOptions());
        _running.Add(scheduler.RunAsync(_stop.Token));
        await Eventually.True(() => scheduler.IsReady, "scheduler ready");
    }

    private string NodeOf(string pod) => _api.Find<Pod>("default", pod)!.Spec.NodeName;

    private PodCondition? Condition(string pod) => _api.Find<Pod>("default", pod)!.GetCondition("PodScheduled");

    private List<Pod> Bound() => [.. _api.All<Pod>().Where(pod => pod.IsScheduled())];

    private Event? EventOf(string pod, string reason) => _api.All<Event>().FirstOrDefault(e => e.InvolvedObject.Name == pod && e.Reason == reason);

    private string? Holder() => _api.Find<Api.CoordinationV1.Lease>("kube-system", "kube-scheduler")?.Spec.HolderIdentity;
}
