using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;
using Cluster.Testing;

namespace Cluster.Controllers.Tests.Replication;

public sealed class ReplicaControllerTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ReconcileAsync_NewSet_MakesItsPodsAndNoMore()
    {
        var set = _rig.Api.Seed(Make.ReplicaSet("web", 10));
        _rig.Start("replicaset");

        await _rig.UntilAsync(() => Status().AvailableReplicas == 10);
        await _rig.SettleAsync();

        Assert.Equal(10, _rig.Api.Requests.Count(request => request.Verb == "create" && request.Type.Kind == "Pod"));
        Assert.All(_rig.Pods, pod =>
        {
            Assert.StartsWith("web-", pod.Metadata.Name, StringComparison.Ordinal);
            Assert.Equal("web", pod.Metadata.Labels["app"]);
            var owner = Assert.Single(pod.Metadata.OwnerReferences);
            Assert.Equal(("apps/v1", "ReplicaSet", "web", set.Metadata.Uid, true, true),
                (owner.ApiVersion, owner.Kind, owner.Name, owner.Uid, owner.Controller, owner.BlockOwnerDeletion));
        });
        await _rig.UntilAsync(() => _rig.Events.Contains($"SuccessfulCreate: Created pod: {_rig.Pods[0].Metadata.Name}"));
        Assert.Equal((10, 10, 10, 1L), (Status().Replicas, Status().ReadyReplicas, Status().FullyLabeledReplicas, Status().ObservedGeneration));
    }

    [Fact]
    public async Task ReconcileAsync_ReplicationController_IsServedByTheSameEngine()
    {
        _rig.Api.Seed(Make.ReplicationController("web", 3));
        _rig.Start("replicationcontroller");

        await _rig.UntilAsync(() => _rig.Api.Find<ReplicationController>("default", "web")!.Status?.AvailableReplicas == 3);

        Assert.All(_rig.Pods, pod => Assert.Equal("ReplicationController", Assert.Single(pod.Metadata.OwnerReferences).Kind));
    }

    [Fact]
    public async Task ReconcileAsync_PodThatNoWatchEverShowed_IsReplacedWhenItCountsAsLost()
    {
        var isFirst = true;
        _rig.Api.LostReply = request =>
        {
            if (request is { Verb: "create", Type.Kind: "Pod" } && isFirst)
            {
                isFirst = false;
                _rig.Api.EndWatches();
                _rig.Api.Compact();
                _rig.Api.Remove<Pod>("default", _rig.Pods[0].Metadata.Name);
            }

            return null;
        };
        _rig.Api.Seed(Make.ReplicaSet("web", 1));
        _rig.Start("replicaset");
        await _rig.UntilAsync(() => !isFirst);

        await _rig.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(_rig.Pods);
        _rig.Time.Advance(TimeSpan.FromMinutes(5));
        await _rig.UntilAsync(() => Status().ReadyReplicas == 1);
    }

    [Fact]
    public async Task ReconcileAsync_PodDeleted_IsReplaced()
    {
        _rig.Api.Seed(Make.ReplicaSet("web", 2));
        _rig.Start("replicaset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 2);
        var victim = _rig.Pods[0];

        await _rig.Api.DeleteAsync<Pod>("default", victim.Metadata.Name, null, CancellationToken.None);

        await _rig.UntilAsync(() => _rig.Pods.Count == 2 && _rig.Pods.All(pod => pod.IsReady() && pod.Metadata.Uid != victim.Metadata.Uid));
    }

    [Fact]
    public async Task ReconcileAsync_FewerWanted_DeletesTheOnesMissedLeast()
    {
        _rig.Api.Seed(Make.ReplicaSet("web", 4));
        _rig.Start("replicaset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 4);
        var kept = _rig.Pods[2].Metadata.Name;
        foreach (var pod in _rig.Pods.Where(pod => pod.Metadata.Name != kept))
        {
            _rig.Api.Change<Pod>("default", pod.Metadata.Name, one => one.Status.SetCondition(new() { Type = "Ready", Status = "False" }));
        }

        await _rig.UntilAsync(() => Status().ReadyReplicas == 1);
        Scale(1);

        await _rig.UntilAsync(() => Status().Replicas == 1 && _rig.Pods.Count == 1);
        Assert.Equal(kept, Assert.Single(_rig.Pods).Metadata.Name);
        await _rig.UntilAsync(() => _rig.Events.Count(text => text.StartsWith("SuccessfulDelete: Deleted pod: web-", StringComparison.Ordinal)) == 3);
    }

    [Fact]
    public async Task ReconcileAsync_ScaledToNothing_DeletesAll()
    {
        _rig.Api.Seed(Make.ReplicaSet("web", 10));
        _rig.Start("replicaset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 10);

        Scale(0);

        await _rig.UntilAsync(() => _rig.Pods.Count == 0 && Status().Replicas == 0);
    }

    [Fact]
    public async Task ReconcileAsync_MatchingOrphan_IsAdoptedInsteadOfANewPod()
    {
        _rig.Api.Seed(Make.Pod("orphan"));
        _rig.Api.Seed(Make.Pod("stranger", app: "db"));
        var set = _rig.Api.Seed(Make.ReplicaSet("web", 1));
        _rig.Start("replicaset");

        await _rig.UntilAsync(() => Status().ReadyReplicas == 1);

        Assert.Equal(2, _rig.Pods.Count);
        Assert.Equal(set.Metadata.Uid, Assert.Single(_rig.Api.Find<Pod>("default", "orphan")!.Metadata.OwnerReferences).Uid);
        Assert.Empty(_rig.Api.Find<Pod>("default", "stranger")!.Metadata.OwnerReferences);
    }

    [Fact]
    public async Task ReconcileAsync_PodsLabelTakenAway_IsReleasedAndReplaced()
    {
        _rig.Api.Seed(Make.ReplicaSet("web", 1));
        _rig.Start("replicaset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 1);
        var pod = _rig.Pods[0].Metadata.Name;

        _rig.Api.Change<Pod>("default", pod, one => one.Metadata.Labels["app"] = "debug");

        await _rig.UntilAsync(() => _rig.Pods.Count == 2 && _rig.Api.Find<Pod>("default", pod)!.Metadata.OwnerReferences.Count == 0);
    }

    [Fact]
    public async Task ReconcileAsync_CreationRefused_TriesOneAtATimeAndSaysWhy()
    {
        _rig.Api.Fault = request => request is { Verb: "create", Type.Kind: "Pod" }
            ? StatusErrors.Forbidden(request.Type, "", "exceeded quota") : null;
        _rig.Api.Seed(Make.ReplicaSet("web", 500));
        _rig.Start("replicaset");

        await _rig.UntilAsync(() => Status().Conditions.Count == 1);

        var condition = Status().Conditions[0];
        Assert.Equal(("ReplicaFailure", "True", "FailedCreate"), (condition.Type, condition.Status, condition.Reason));
        Assert.Contains("exceeded quota", condition.Message, StringComparison.Ordinal);
        await _rig.UntilAsync(() => _rig.Events.Any(text => text.StartsWith("FailedCreate: Error creating: pods", StringComparison.Ordinal)));
        Assert.InRange(_rig.Api.Requests.Count(request => request is { Verb: "create", Type.Kind: "Pod" }), 1, 20);

        _rig.Api.Fault = null;
        await _rig.UntilAsync(() => Status() is { ReadyReplicas: 500, Conditions.Count: 0 });
    }

    [Fact]
    public async Task ReconcileAsync_MinReadySeconds_CountsAvailableLater()
    {
        _rig.Api.Seed(Make.ReplicaSet("web", 1, minReadySeconds: 30));
        _rig.Start("replicaset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 1);
        Assert.Equal(0, Status().AvailableReplicas);
        await _rig.PassAsync(TimeSpan.FromSeconds(25));
        Assert.Equal(0, Status().AvailableReplicas);

        await _rig.PassAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(1, Status().AvailableReplicas);
    }

    [Fact]
    public async Task ReconcileAsync_FinishedPod_IsReplacedAndLeftThere()
    {
        _rig.Api.Seed(Make.ReplicaSet("web", 1));
        _rig.Start("replicaset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 1);

        _rig.Api.Change<Pod>("default", _rig.Pods[0].Metadata.Name, pod => pod.Status.Phase = "Failed");

        await _rig.UntilAsync(() => _rig.Pods.Count == 2 && _rig.Pods.Count(pod => pod.IsActive()) == 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task ReconcileAsync_EverythingFailsAtRandom_ConvergesAllTheSame(int seed)
    {
        var trouble = new Trouble(_rig, seed);
        _rig.Api.Seed(Make.ReplicaSet("web", 20));
        _rig.Start("replicaset");
        await _rig.PassAsync(TimeSpan.FromSeconds(10), trouble.Step);
        Scale(5);
        await _rig.PassAsync(TimeSpan.FromSeconds(10), trouble.Step);
        trouble.End();

        await _rig.UntilAsync(() => _rig.Pods.Count == 5 && Status() is { ReadyReplicas: 5, ObservedGeneration: 2 }, "five pods after all the trouble");
        await _rig.SettleAsync();
        Assert.Equal(5, _rig.Pods.Count);
    }

    private ReplicaSetStatus Status() => _rig.Api.Find<ReplicaSet>("default", "web")!.Status ?? new();

    private void Scale(int replicas) => _rig.Api.Change<ReplicaSet>("default", "web", set =>
    {
        set.Spec.Replicas = replicas;
        set.Metadata.Generation++;
    });
}
