using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Controllers.Framework;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.GarbageCollection;

public sealed class GarbageCollectorTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Background_OwnerDeleted_TakesTheWholeTree()
    {
        var (deployment, _, _) = SeedTree();
        _rig.Start("garbagecollector");
        await _rig.SettleAsync();
        Assert.Single(_rig.Pods);

        await DeleteAsync(deployment, "Background");

        await _rig.UntilAsync(() => _rig.Api.All<ReplicaSet>().Count == 0 && _rig.Pods.Count == 0);
        Assert.Single(_rig.Api.All<ConfigMap>());
    }

    [Fact]
    public async Task Changed_ObjectWhoseOwnersAreThere_CostsNoRequest()
    {
        SeedTree();
        _rig.Start("garbagecollector");
        await _rig.SettleAsync();
        var pod = Assert.Single(_rig.Pods).Metadata.Name;
        for (var i = 0; i < 5; i++)
        {
            _rig.Api.Change<Pod>("default", pod, one => one.Status.Message += "x");
            await _rig.SettleAsync();
        }

        Assert.DoesNotContain(_rig.Api.Requests, request => request.Verb is not ("list" or "watch"));
    }

    [Fact]
    public async Task Foreground_OwnerDeleted_GoesAfterItsDependents()
    {
        var (deployment, _, _) = SeedTree();
        _rig.Start("garbagecollector");
        await _rig.SettleAsync();

        await DeleteAsync(deployment, "Foreground");

        await _rig.UntilAsync(() => _rig.Api.All<Deployment>().Count == 0, "foreground deletion", () =>
            Assert.True(_rig.Api.All<Deployment>().Count >= _rig.Api.All<ReplicaSet>().Count));
        Assert.Empty(_rig.Api.All<ReplicaSet>());
        Assert.Empty(_rig.Pods);
    }

    [Fact]
    public async Task Orphan_OwnerDeleted_LeavesDependentsFree()
    {
        var (deployment, _, _) = SeedTree();
        _rig.Start("garbagecollector");
        await _rig.SettleAsync();

        await DeleteAsync(deployment, "Orphan");

        await _rig.UntilAsync(() => _rig.Api.All<Deployment>().Count == 0);
        await _rig.SettleAsync();
        Assert.Empty(Assert.Single(_rig.Api.All<ReplicaSet>()).Metadata.OwnerReferences);
        Assert.Single(_rig.Pods);
    }

    [Fact]
    public async Task Absent_OwnerOfAnotherUid_CountsAsGone()
    {
        _rig.Api.Seed(Make.ReplicaSet("web", 1));
        var pod = Make.Pod("old");
        pod.Metadata.OwnerReferences.Add(new OwnerReference { ApiVersion = "apps/v1", Kind = "ReplicaSet", Name = "web", Uid = "another" });
        _rig.Api.Seed(pod);
        _rig.Start("garbagecollector");

        await _rig.UntilAsync(() => _rig.Pods.Count == 0);
    }

    [Fact]
    public async Task Absent_OneOfTwoOwners_OnlyTheReferenceGoes()
    {
        var kept = _rig.Api.Seed(Make.ReplicaSet("web", 1));
        var pod = Make.Pod("shared");
        pod.Metadata.OwnerReferences.Add(OwnerReferences.ToController(kept));
        pod.Metadata.OwnerReferences.Add(new OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = "gone", Uid = "u" });
        _rig.Api.Seed(pod);
        _rig.Start("garbagecollector");

        await _rig.UntilAsync(() => _rig.Pods[0].Metadata.OwnerReferences.Count == 1);
        Assert.Equal("web", _rig.Pods[0].Metadata.OwnerReferences[0].Name);
    }

    [Fact]
    public async Task Unknown_KindWeDoNotServe_CountsAsPresent()
    {
        var pod = Make.Pod("custom");
        pod.Metadata.OwnerReferences.Add(new OwnerReference { ApiVersion = "example.com/v1", Kind = "Widget", Name = "w", Uid = "u" });
        _rig.Api.Seed(pod);
        _rig.Start("garbagecollector");

        await _rig.SettleAsync();
        Assert.Single(_rig.Pods);
    }

    [Theory]
    [InlineData(1, "Background")]
    [InlineData(2, "Foreground")]
    [InlineData(3, "Foreground")]
    public async Task All_EverythingFailsAtRandom_ConvergesAllTheSame(int seed, string policy)
    {
        var (deployment, _, _) = SeedTree();
        _rig.Start("garbagecollector");
        await _rig.SettleAsync();
        await DeleteAsync(deployment, policy);
        var trouble = new Trouble(_rig, seed);
        await _rig.PassAsync(TimeSpan.FromSeconds(10), trouble.Step);
        trouble.End();

        await _rig.UntilAsync(() => _rig.Api.All<Deployment>().Count + _rig.Api.All<ReplicaSet>().Count + _rig.Pods.Count == 0);
        Assert.Single(_rig.Api.All<ConfigMap>());
    }

    private (Deployment Deployment, ReplicaSet Set, Pod Pod) SeedTree()
    {
        var deployment = _rig.Api.Seed(Make.Deployment("web", 1));
        var set = Make.ReplicaSet("web-1", 1);
        set.Metadata.OwnerReferences.Add(OwnerReferences.ToController(deployment));
        set = _rig.Api.Seed(set);
        var pod = Make.Pod("web-1-x");
        pod.Metadata.OwnerReferences.Add(OwnerReferences.ToController(set));
        pod = _rig.Api.Seed(pod);
        _rig.Api.Seed(new ConfigMap { Metadata = new() { Namespace = "default", Name = "unowned" } });
        return (deployment, set, pod);
    }

    private Task DeleteAsync(Deployment deployment, string policy) => _rig.Api.DeleteAsync<Deployment>(
        "default", deployment.Metadata.Name, new() { PropagationPolicy = policy }, CancellationToken.None);
}
