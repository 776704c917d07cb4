using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.StatefulSets;

public sealed class StatefulSetControllerTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ReconcileAsync_NewSet_MakesNumberedPodsOneAfterTheOther()
    {
        var started = new HashSet<string>();
        _rig.CanStart = pod => started.Contains(pod.Metadata.Name);
        _rig.Api.Seed(Set(3));
        _rig.Start("statefulset");
        await _rig.UntilAsync(() => _rig.Pods.Count == 1);
        await _rig.SettleAsync();
        Assert.Equal(["db-0"], Names());

        started.Add("db-0");
        await _rig.UntilAsync(() => _rig.Pods.Count == 2);
        started.Add("db-1");
        started.Add("db-2");
        await _rig.UntilAsync(() => Status() is { Replicas: 3, ReadyReplicas: 3, AvailableReplicas: 3, CurrentReplicas: 3, UpdatedReplicas: 3 });

        var pod = _rig.Api.Find<Pod>("default", "db-1")!;
        Assert.Equal(("db-1", "peers", "db-1", "1"), (
            pod.Spec.Hostname, pod.Spec.Subdomain, pod.Metadata.Labels["statefulset.kubernetes.io/pod-name"], pod.Metadata.Labels["apps.kubernetes.io/pod-index"]));
        Assert.Equal("data-db-1", Assert.Single(pod.Spec.Volumes).VolumeSource.PersistentVolumeClaim.ClaimName);
        Assert.Equal(["data-db-0", "data-db-1", "data-db-2"], _rig.Api.All<PersistentVolumeClaim>().Select(claim => claim.Metadata.Name).Order());
        Assert.Equal(Status().UpdateRevision, pod.Metadata.Labels["controller-revision-hash"]);
        Assert.Equal(Status().CurrentRevision, Status().UpdateRevision);
    }

    [Fact]
    public async Task ReconcileAsync_TemplateNamedAsAnotherAndTheSet_MountsItsOwnClaim()
    {
        var set = Set(1);
        set.Spec.VolumeClaimTemplates.Add(new PersistentVolumeClaim { Metadata = new() { Name = "data-db" }, Spec = new() { AccessModes = { "ReadWriteOnce" } } });
        _rig.Api.Seed(set);
        _rig.Start("statefulset");
        await _rig.UntilAsync(() => _rig.Pods.Count == 1);

        Assert.Equal(
            [("data", "data-db-0"), ("data-db", "data-db-db-0")],
            _rig.Pods[0].Spec.Volumes.Select(volume => (volume.Name, volume.VolumeSource.PersistentVolumeClaim.ClaimName)).Order());
    }

    [Fact]
    public async Task ReconcileAsync_MinReadySeconds_GoesOnWithoutAnEvent()
    {
        _rig.CanStart = _ => false;
        var set = Set(2);
        set.Spec.MinReadySeconds = 20;
        _rig.Api.Seed(set);
        _rig.Start("statefulset");
        await _rig.UntilAsync(() => _rig.Pods.Count == 1);

        ReadyAhead("db-0");
        await _rig.PassAsync(TimeSpan.FromSeconds(15));
        Assert.Equal((1, 0), (_rig.Pods.Count, Status().AvailableReplicas));

        await _rig.UntilAsync(() => _rig.Pods.Count == 2 && Status().AvailableReplicas == 1);
    }

    [Fact]
    public async Task ReconcileAsync_FewerWanted_TakesTheHighestFirstAndKeepsTheClaims()
    {
        _rig.Api.Seed(Set(3));
        _rig.Start("statefulset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 3);
        var order = new List<string>();

        Scale(1);
        await _rig.UntilAsync(() => _rig.Pods.Count == 1 && Status().Replicas == 1,
            each: () => order.AddRange(new[] { "db-0", "db-1", "db-2" }.Except(Names()).Except(order).ToList()));

        Assert.Equal(["db-2", "db-1"], order);
        Assert.Equal(3, _rig.Api.All<PersistentVolumeClaim>().Count);
    }

    [Fact]
    public async Task ReconcileAsync_UnhealthyPod_HaltsScalingBothWays()
    {
        _rig.Api.Seed(Set(2));
        _rig.Start("statefulset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 2);
        _rig.Api.Change<Pod>("default", "db-0", pod => pod.Status.SetCondition(new() { Type = "Ready", Status = "False" }));
        await _rig.UntilAsync(() => Status().ReadyReplicas == 1);

        Scale(3);
        await _rig.SettleAsync();
        Assert.Equal(2, _rig.Pods.Count);
        Scale(1);
        await _rig.SettleAsync();
        Assert.Equal(2, _rig.Pods.Count);
        _rig.Api.Change<Pod>("default", "db-0", pod => pod.Status.SetCondition(new() { Type = "Ready", Status = "True" }));

        await _rig.UntilAsync(() => _rig.Pods.Count == 1);
    }

    [Fact]
    public async Task ReconcileAsync_Parallel_WaitsForNobody()
    {
        _rig.CanStart = _ => false;
        var set = Set(3);
        set.Spec.PodManagementPolicy = "Parallel";
        _rig.Api.Seed(set);
        _rig.Start("statefulset");

        await _rig.UntilAsync(() => _rig.Pods.Count == 3);
        Scale(0);

        await _rig.UntilAsync(() => _rig.Pods.Count == 0);
    }

    [Fact]
    public async Task ReconcileAsync_NewTemplate_RollsFromTheHighestDownToThePartition()
    {
        _rig.Api.Seed(Set(3));
        _rig.Start("statefulset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 3);
        var first = Status().CurrentRevision;

        Change(set => set.Spec.UpdateStrategy.RollingUpdate.Partition = 2);
        Change(set => set.Spec.Template.Spec.Containers[0].Image = "web:2");
        await _rig.UntilAsync(() => Status() is { UpdatedReplicas: 1, ReadyReplicas: 3, CurrentReplicas: 2 });
        await _rig.SettleAsync();
        Assert.Equal(["web:1", "web:1", "web:2"], Images());
        Assert.Equal(first, Status().CurrentRevision);
        // What is below the partition comes back as it was.
        await _rig.Api.DeleteAsync<Pod>("default", "db-0", null, CancellationToken.None);
        await _rig.UntilAsync(() => Status().ReadyReplicas == 3 && _rig.Pods.Count == 3);
        Assert.Equal(["web:1", "web:1", "web:2"], Images());

        Change(set => set.Spec.UpdateStrategy.RollingUpdate.Partition = 0);
        await _rig.UntilAsync(() => Status() is { UpdatedReplicas: 3, ReadyReplicas: 3 } && Status().CurrentRevision == Status().UpdateRevision);

        Assert.Equal(["web:2", "web:2", "web:2"], Images());
        Assert.NotEqual(first, Status().CurrentRevision);
    }

    [Fact]
    public async Task ReconcileAsync_TemplatePutBack_FindsTheOldRevision()
    {
        _rig.Api.Seed(Set(1));
        _rig.Start("statefulset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 1);
        var first = Status().CurrentRevision;
        Change(set => set.Spec.Template.Spec.Containers[0].Image = "web:2");
        await _rig.UntilAsync(() => Status() is { UpdatedReplicas: 1, ReadyReplicas: 1 } && Status().CurrentRevision != first);

        Change(set => set.Spec.Template.Spec.Containers[0].Image = "web:1");
        await _rig.UntilAsync(() => Status() is { UpdatedReplicas: 1, ReadyReplicas: 1 } && Status().CurrentRevision == first);

        Assert.Equal(2, _rig.Api.All<ControllerRevision>().Count);
        Assert.Equal(3, _rig.Api.Find<ControllerRevision>("default", first)!.Revision);
    }

    [Fact]
    public async Task ReconcileAsync_FailedPod_IsMadeAnewUnderItsName()
    {
        _rig.Api.Seed(Set(2));
        _rig.Start("statefulset");
        await _rig.UntilAsync(() => Status().ReadyReplicas == 2);
        var failed = _rig.Api.Find<Pod>("default", "db-0")!.Metadata.Uid;

        _rig.Api.Change<Pod>("default", "db-0", pod => pod.Status.Phase = "Failed");

        await _rig.UntilAsync(() => _rig.Api.Find<Pod>("default", "db-0") is { } pod && pod.Metadata.Uid != failed && pod.IsReady());
        await _rig.UntilAsync(() => _rig.Events.Contains("RecreatingFailedPod: StatefulSet default/db is recreating failed Pod db-0"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ReconcileAsync_EverythingFailsAtRandom_ConvergesAllTheSame(int seed)
    {
        var trouble = new Trouble(_rig, seed);
        _rig.Api.Seed(Set(4));
        _rig.Start("statefulset");
        await _rig.PassAsync(TimeSpan.FromSeconds(10), trouble.Step);
        Change(set => set.Spec.Template.Spec.Containers[0].Image = "web:2");
        Scale(3);
        await _rig.PassAsync(TimeSpan.FromSeconds(10), trouble.Step);
        trouble.End();

        await _rig.UntilAsync(() => Status() is { Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 3 } && _rig.Pods.Count == 3);
        Assert.Equal(["db-0", "db-1", "db-2"], Names());
        Assert.Equal(["web:2", "web:2", "web:2"], Images());
    }

    private static StatefulSet Set(int replicas) => new()
    {
        Metadata = new() { Namespace = "default", Name = "db", Generation = 1 },
        Spec = new()
        {
            Replicas = replicas,
            ServiceName = "peers",
            PodManagementPolicy = "OrderedReady",
            RevisionHistoryLimit = 10,
            Selector = new() { MatchLabels = { ["app"] = "web" } },
            Template = Make.Template(),
            UpdateStrategy = new() { Type = "RollingUpdate", RollingUpdate = new() { Partition = 0 } },
            VolumeClaimTemplates = { new PersistentVolumeClaim { Metadata = new() { Name = "data" }, Spec = new() { AccessModes = { "ReadWriteOnce" } } } },
        },
    };

    /// <summary>Makes a pod ready by a clock that goes some seconds ahead: what the controller reckons from its event comes too early.</summary>
    private void ReadyAhead(string name) => _rig.Api.Change<Pod>("default", name, pod =>
    {
        pod.Status.PodIP = "10.244.0.9";
        pod.Status.Phase = "Running";
        pod.Status.SetCondition(new() { Type = "Ready", Status = "True", LastTransitionTime = _rig.Time.GetUtcNow().AddSeconds(5).ToTime() });
    });

    private StatefulSetStatus Status() => _rig.Api.Find<StatefulSet>("default", "db")!.Status ?? new();

    private IEnumerable<string> Names() => _rig.Pods.Select(pod => pod.Metadata.Name).Order(StringComparer.Ordinal);

    private IEnumerable<string> Images() =>
        _rig.Pods.OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal).Select(pod => pod.Spec.Containers[0].Image);

    private void Scale(int replicas) => Change(set => set.Spec.Replicas = replicas);

    private void Change(Action<StatefulSet> change) => _rig.Api.Change<StatefulSet>("default", "db", set =>
    {
        change(set);
        set.Metadata.Generation++;
    });
}
