using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class NamespaceLifecycleTests
{
    private readonly FakeObjects _objects = new();
    private readonly NamespaceLifecycle _plugin;

    public NamespaceLifecycleTests() => _plugin = new NamespaceLifecycle(_objects);

    [Fact]
    public async Task AdmitAsync_NamespaceMissing_IsNotFound()
    {
        var failure = await FailureAsync(FakeObjects.Create(Map("shop")));

        Assert.Equal((404, "namespaces \"shop\" not found"), (failure.Code, failure.Message));
    }

    [Fact]
    public async Task AdmitAsync_NamespaceJustMade_IsSeenByAFreshRead()
    {
        _objects.Fresh.Add(Namespace("shop", "Active"));

        await _plugin.AdmitAsync(FakeObjects.Create(Map("shop")), TestContext.Current.CancellationToken);
        Assert.Equal(1, _objects.FreshReads);
    }

    [Fact]
    public async Task AdmitAsync_NamespaceTerminating_ForbidsCreatesAlone()
    {
        _objects.Cached.Add(Namespace("shop", "Terminating"));
        var failure = await FailureAsync(FakeObjects.Create(Map("shop")));

        Assert.Equal(
            "configmaps \"map\" is forbidden: unable to create new content in namespace shop because it is being terminated", failure.Message);
        Assert.Equal("NamespaceTerminating", failure.Status.Details.Causes[0].Reason);
        await _plugin.AdmitAsync(FakeObjects.Create(Map("shop"), AdmissionOperation.Update), TestContext.Current.CancellationToken);
        await _plugin.AdmitAsync(FakeObjects.Create(Map("shop"), AdmissionOperation.Delete), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task AdmitAsync_DeletedAMomentAgo_IsSeenBeforeTheCacheKnows()
    {
        _objects.Cached.Add(Namespace("shop", "Active"));
        await _plugin.AdmitAsync(FakeObjects.Create(Namespace("shop", "Active"), AdmissionOperation.Delete), TestContext.Current.CancellationToken);
        _objects.Fresh.Add(Namespace("shop", "Terminating"));

        Assert.Equal(403, (await FailureAsync(FakeObjects.Create(Map("shop")))).Code);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("kube-system")]
    [InlineData("kube-public")]
    public async Task AdmitAsync_DeleteOfTheClustersNamespaces_IsForbidden(string name)
    {
        var failure = await FailureAsync(FakeObjects.Create(Namespace(name, "Active"), AdmissionOperation.Delete));

        Assert.Equal($"namespaces \"{name}\" is forbidden: this namespace may not be deleted", failure.Message);
    }

    private async Task<StatusException> FailureAsync(AdmissionRequest request) =>
        await Assert.ThrowsAsync<StatusException>(async () => await _plugin.AdmitAsync(request, TestContext.Current.CancellationToken));

    private static ConfigMap Map(string ns) => new() { Metadata = new() { Namespace = ns, Name = "map" } };

    private static Namespace Namespace(string name, string phase) => new() { Metadata = new() { Name = name }, Status = new() { Phase = phase } };
}
