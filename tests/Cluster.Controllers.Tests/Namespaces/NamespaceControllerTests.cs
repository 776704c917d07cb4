using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.Namespaces;

public sealed class NamespaceControllerTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ReconcileAsync_Deleted_EmptiesItAndLetsItGo()
    {
        _rig.Api.Seed(Make.Namespace("work"));
        _rig.Api.Seed(Make.Namespace("other"));
        _rig.Api.Seed(Make.Pod("a", ns: "work", node: "n1"));
        _rig.Api.Seed(new ConfigMap { Metadata = new() { Namespace = "work", Name = "c" } });
        _rig.Api.Seed(new Secret { Metadata = new() { Namespace = "work", Name = "s" } });
        _rig.Api.Seed(new ConfigMap { Metadata = new() { Namespace = "other", Name = "c" } });
        _rig.Start("namespace");

        await _rig.Api.DeleteAsync<Namespace>(null, "work", null, CancellationToken.None);
        await _rig.UntilAsync(() => _rig.Api.Find<Namespace>(null, "work") is null);

        Assert.Empty(_rig.Api.All<Pod>("work"));
        Assert.Empty(_rig.Api.All<ConfigMap>("work"));
        Assert.Empty(_rig.Api.All<Secret>("work"));
        Assert.Single(_rig.Api.All<ConfigMap>("other"));
    }

    [Fact]
    public async Task ReconcileAsync_OneObjectCannotBeDeleted_TheOthersGo()
    {
        _rig.Api.Seed(Make.Namespace("work"));
        _rig.Api.Seed(Make.Pod("a", ns: "work", node: "n1"));
        _rig.Api.Seed(new ConfigMap { Metadata = new() { Namespace = "work", Name = "kept" } });
        _rig.Api.Seed(new ConfigMap { Metadata = new() { Namespace = "work", Name = "other" } });
        _rig.Api.Seed(new Secret { Metadata = new() { Namespace = "work", Name = "s" } });
        _rig.Api.Fault = request => request is { Verb: "delete", Name: "kept" } ? StatusErrors.InternalError("failed calling webhook \"no.example.com\"") : null;
        _rig.Start("namespace");

        await _rig.Api.DeleteAsync<Namespace>(null, "work", null, CancellationToken.None);
        await _rig.UntilAsync(() => _rig.Api.All<Secret>("work").Count == 0 && _rig.Api.All<Pod>("work").Count == 0 && _rig.Api.All<ConfigMap>("work").Count == 1);
        await _rig.UntilAsync(() => _rig.Api.Find<Namespace>(null, "work")!.Status.Conditions.Any(condition => condition is
        {
            Type: "NamespaceDeletionContentFailure", Status: "True", Reason: "ContentDeletionFailed",
            Message: "Failed to delete all resource types, 1 remaining: Internal error occurred: failed calling webhook \"no.example.com\"",
        }));

        _rig.Api.Fault = null;
        await _rig.UntilAsync(() => _rig.Api.Find<Namespace>(null, "work") is null);
    }

    [Fact]
    public async Task ReconcileAsync_SomethingHolds_SaysWhatAndWaits()
    {
        _rig.Api.Seed(Make.Namespace("work"));
        _rig.Api.Seed(new ConfigMap { Metadata = new() { Namespace = "work", Name = "c", Finalizers = { "example.com/hold" } } });
        _rig.Start("namespace");

        await _rig.Api.DeleteAsync<Namespace>(null, "work", null, CancellationToken.None);
        await _rig.UntilAsync(() => _rig.Api.Find<Namespace>(null, "work")!.Status.Conditions.Count == 2);

        Assert.Equal(
            ["Some resources are remaining: configmaps has 1 resource instances", "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"],
            _rig.Api.Find<Namespace>(null, "work")!.Status.Conditions.Select(condition => condition.Message));
        _rig.Api.Remove<ConfigMap>("work", "c");
        await _rig.UntilAsync(() => _rig.Api.Find<Namespace>(null, "work") is null);
    }
}
