using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.DaemonSets;

public sealed class DaemonSetControllerTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync()
    {
        _rig.HasKubelet = false;
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ReconcileAsync_Nodes_GetOnePodEachAndNewOnesToo()
    {
        SeedNodes("a", "b");
        var set = _rig.Api.Seed(Set());
        _rig.Start("daemonset");
        await UntilAsync(() => Status() is { DesiredNumberScheduled: 2, NumberAvailable: 2, UpdatedNumberScheduled: 2, NumberUnavailable: 0 });
        SeedNodes("c");

        await UntilAsync(() => Status().NumberReady == 3);

        Assert.Equal(["a", "b", "c"], _rig.Pods.Select(pod => pod.Spec.NodeName).Order());
        Assert.All(_rig.Pods, pod =>
        {
            Assert.Equal(set.Metadata.Uid, Assert.Single(pod.Metadata.OwnerReferences).Uid);
            Assert.Contains(pod.Spec.Tolerations, toleration => toleration is { Key: "node.kubernetes.io/unreachable", Effect: "NoExecute" });
            Assert.NotEmpty(pod.Metadata.Labels["controller-revision-hash"]);
        });
        var revision = Assert.Single(_rig.Api.All<ControllerRevision>());
        Assert.Equal(1, revision.Revision);
        Assert.Equal(
            """{"spec":{"template":{"$patch":"replace","metadata":{"creationTimestamp":null,"labels":{"app":"web"}},"spec":{"containers":[{"image":"web:1","name":"main","resources":{}}]}}}}""",
            revision.Data.Raw.ToStringUtf8());
    }

    [Fact]
    public async Task ReconcileAsync_SelectedAndTaintedNodes_DecideWhereDaemonsRun()
    {
        SeedNodes("a", "b", "c");
        _rig.Api.Change<Node>("", "a", node => node.Metadata.Labels["disk"] = "ssd");
        _rig.Api.Change<Node>("", "b", node => node.Metadata.Labels["disk"] = "ssd");
        _rig.Api.Change<Node>("", "b", node => (node.Spec ??= new()).Taints.Add(new Taint { Key = "own", Effect = "NoSchedule" }));
        var set = Set();
        set.Spec.Template.Spec.NodeSelector["disk"] = "ssd";
        _rig.Api.Seed(set);
        _rig.Start("daemonset");
        await UntilAsync(() => Status() is { DesiredNumberScheduled: 1, NumberReady: 1 });
        Assert.Equal("a", Assert.Single(_rig.Pods).Spec.NodeName);

        // NoSchedule keeps new ones off and lets stay what is there; a label that goes takes the pod along.
        _rig.Api.Change<Node>("", "a", node => (node.Spec ??= new()).Taints.Add(new Taint { Key = "own", Effect = "NoSchedule" }));
        await UntilAsync(() => Status() is { DesiredNumberScheduled: 0, NumberMisscheduled: 1 });
        await _rig.SettleAsync();
        Assert.Single(_rig.Pods);
        _rig.Api.Change<Node>("", "a", node => node.Metadata.Labels["disk"] = "hdd");

        await UntilAsync(() => _rig.Pods.Count == 0 && Status() is { NumberMisscheduled: 0 });
    }

    [Fact]
    public async Task ReconcileAsync_FailedDaemon_IsMadeAnew()
    {
        SeedNodes("a");
        _rig.Api.Seed(Set());
        _rig.Start("daemonset");
        await UntilAsync(() => Status().NumberReady == 1);
        var failed = _rig.Pods[0];

        _rig.Api.Change<Pod>("default", failed.Metadata.Name, pod => pod.Status.Phase = "Failed");

        await UntilAsync(() => _rig.Pods is [var pod] && pod.Metadata.Uid != failed.Metadata.Uid && pod.IsReady());
        await UntilAsync(() => _rig.Events.Any(text => text.StartsWith("FailedDaemonPod: Found failed daemon pod default/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ReconcileAsync_NewTemplate_RollsOneNodeAtATime()
    {
        SeedNodes("a", "b", "c");
        _rig.Api.Seed(Set());
        _rig.Start("daemonset");
        await UntilAsync(() => Status().NumberAvailable == 3);

        Change("web:2");
        var fewest = 3;
        await UntilAsync(() => Status() is { UpdatedNumberScheduled: 3, NumberAvailable: 3, ObservedGeneration: 2 },
            () => fewest = Math.Min(fewest, _rig.Pods.Count(pod => pod.IsActive() && pod.IsReady())));

        Assert.Equal(2, fewest);
        Assert.All(_rig.Pods, pod => Assert.Equal("web:2", pod.Spec.Containers[0].Image));
        Assert.Equal([1L, 2L], _rig.Api.All<ControllerRevision>().Select(revision => revision.Revision).Order());
    }

    [Fact]
    public async Task ReconcileAsync_RolledBackBeforeAllMoved_KeepsThePodsThatAreRight()
    {
        SeedNodes("a", "b");
        _rig.Api.Seed(Set());
        _rig.Start("daemonset");
        await UntilAsync(() => Status().NumberAvailable == 2);
        var canStart = false;
        _rig.CanStart = pod => canStart || pod.Spec.Containers[0].Image == "web:1";
        Change("broken:1");
        await UntilAsync(() => _rig.Pods.Any(pod => pod.Spec.Containers[0].Image == "broken:1"));
        await _rig.SettleAsync();
        var kept = _rig.Pods.Single(pod => pod.Spec.Containers[0].Image == "web:1").Metadata.Uid;

        Change("web:1");
        await UntilAsync(() => Status() is { UpdatedNumberScheduled: 2, NumberAvailable: 2, ObservedGeneration: 3 });

        Assert.Contains(_rig.Pods, pod => pod.Metadata.Uid == kept);
        Assert.Equal(3, _rig.Api.All<ControllerRevision>().Max(revision => revision.Revision));
    }

    [Fact]
    public async Task ReconcileAsync_OnDelete_ChangesOnlyWhatIsDeleted()
    {
        SeedNodes("a", "b");
        var set = Set();
        set.Spec.UpdateStrategy = new() { Type = "OnDelete" };
        _rig.Api.Seed(set);
        _rig.Start("daemonset");
        await UntilAsync(() => Status().NumberAvailable == 2);
        Change("web:2");
        await UntilAsync(() => Status() is { ObservedGeneration: 2, UpdatedNumberScheduled: 0 });
        await _rig.SettleAsync();
        Assert.All(_rig.Pods, pod => Assert.Equal("web:1", pod.Spec.Containers[0].Image));

        await _rig.Api.DeleteAsync<Pod>("default", _rig.Pods[0].Metadata.Name, null, CancellationToken.None);

        await UntilAsync(() => Status() is { UpdatedNumberScheduled: 1, NumberAvailable: 2 });
    }

    [Fact]
    public async Task ReconcileAsync_Surge_RunsTheNewPodBesideTheOldFirst()
    {
        SeedNodes("a", "b");
        var set = Set();
        set.Spec.UpdateStrategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxSurge = new() { IntVal = 1 }, MaxUnavailable = new() { IntVal = 0 } } };
        _rig.Api.Seed(set);
        _rig.Start("daemonset");
        await UntilAsync(() => Status().NumberAvailable == 2);

        Change("web:2");
        var fewest = 2;
        await UntilAsync(() => Status() is { UpdatedNumberScheduled: 2, NumberAvailable: 2, ObservedGeneration: 2 } && _rig.Pods.Count == 2,
            () => fewest = Math.Min(fewest, _rig.Pods.Where(pod => pod.IsActive() && pod.IsReady()).DistinctBy(pod => pod.Spec.NodeName).Count()));

        Assert.Equal(2, fewest);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ReconcileAsync_EverythingFailsAtRandom_ConvergesAllTheSame(int seed)
    {
        SeedNodes("a", "b", "c", "d");
        var trouble = new Trouble(_rig, seed);
        _rig.Api.Seed(Set());
        _rig.Start("daemonset");
        await _rig.PassAsync(TimeSpan.FromSeconds(5), () => { RunPods(); trouble.Step(); });
        Change("web:2");
        await _rig.PassAsync(TimeSpan.FromSeconds(10), () => { RunPods(); trouble.Step(); });
        trouble.End();

        await UntilAsync(() => Status() is { UpdatedNumberScheduled: 4, NumberAvailable: 4, ObservedGeneration: 2 });
        await _rig.SettleAsync();
        Assert.Equal(["a", "b", "c", "d"], _rig.Pods.Select(pod => pod.Spec.NodeName).Order());
    }

    [Fact]
    public async Task ReconcileAsync_MinReadySeconds_BecomesAvailableWithoutAnEvent()
    {
        _rig.CanStart = _ => false;
        SeedNodes("a");
        var set = Set();
        set.Spec.MinReadySeconds = 20;
        _rig.Api.Seed(set);
        _rig.Start("daemonset");
        await UntilAsync(() => _rig.Pods.Count == 1);

        ReadyAhead(_rig.Pods[0].Metadata.Name);
        await UntilAsync(() => Status() is { NumberReady: 1, NumberAvailable: 0 });

        await UntilAsync(() => Status() is { NumberReady: 1, NumberAvailable: 1 });
    }

    /// <summary>Makes a pod ready by a clock that goes some seconds ahead: what the controller reckons from its event comes too early.</summary>
    private void ReadyAhead(string name) => _rig.Api.Change<Pod>("default", name, pod =>
    {
        pod.Status.PodIP = "10.244.0.9";
        pod.Status.Phase = "Running";
        pod.Status.SetCondition(new() { Type = "Ready", Status = "True", LastTransitionTime = _rig.Time.GetUtcNow().AddSeconds(5).ToTime() });
    });

    private static DaemonSet Set() => new()
    {
        Metadata = new() { Namespace = "default", Name = "agent", Generation = 1 },
        Spec = new()
        {
            Selector = new() { MatchLabels = { ["app"] = "web" } },
            Template = Make.Template(),
            RevisionHistoryLimit = 10,
            UpdateStrategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxUnavailable = new() { IntVal = 1 } } },
        },
    };

    private void SeedNodes(params string[] names)
    {
        foreach (var name in names)
        {
            _rig.Api.Seed(new Node { Metadata = new() { Name = name } });
        }
    }

    private DaemonSetStatus Status() => _rig.Api.Find<DaemonSet>("default", "agent")!.Status ?? new();

    private void Change(string image) => _rig.Api.Change<DaemonSet>("default", "agent", set =>
    {
        set.Spec.Template.Spec.Containers[0].Image = image;
        set.Metadata.Generation++;
    });

    private Task UntilAsync(Func<bool> condition, Action? each = null) => _rig.UntilAsync(condition, each: () =>
    {
        RunPods();
        each?.Invoke();
    });

    /// <summary>The scheduler and the kubelets: a pod runs on the node its affinity names.</summary>
    private void RunPods()
    {
        foreach (var pod in _rig.Pods)
        {
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                _rig.Api.Remove<Pod>("default", pod.Metadata.Name);
            }
            else if (pod.Status.Phase is not ("Running" or "Failed") && _rig.CanStart(pod))
            {
                _rig.Api.Change<Pod>("default", pod.Metadata.Name, Run);
            }
        }
    }

    private void Run(Pod pod)
    {
        var term = Assert.Single(pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms);
        pod.Spec.NodeName = Assert.Single(Assert.Single(term.MatchFields).Values);
        pod.Status.Phase = "Running";
        pod.Status.SetCondition(new() { Type = "Ready", Status = "True", LastTransitionTime = _rig.Time.GetUtcNow().ToTime() });
    }
}
