using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Testing;

namespace Cluster.Controllers.Tests.Server;

/// <summary>What only the real server can refute: defaults, validation, status rules, patches, finalizers, over gRPC.</summary>
public sealed class ControllersOverServerTests(ServerRig rig) : IClassFixture<ServerRig>
{
    private const string Ns = "default";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IApiClient Admin => rig.Admin;

    [Fact]
    public async Task Deployment_RollOutUndoAndDelete_GoThrough()
    {
        await Admin.CreateAsync(Rolling("roll", 3), Cancel);
        await CompleteAsync("roll", 1);

        await Admin.PatchAsync<Deployment>(Ns, "roll", Image("web:2"), null, Cancel);
        await CompleteAsync("roll", 2);
        await Admin.PatchAsync<Deployment>(Ns, "roll", Image("web:1"), null, Cancel);
        await CompleteAsync("roll", 3);
        Assert.Equal(2, (await OfAsync<ReplicaSet>("roll")).Count);
        Assert.All(await OfAsync<Pod>("roll"), pod => Assert.Equal("web:1", pod.Spec.Containers[0].Image));

        await Admin.DeleteAsync<Deployment>(Ns, "roll", new() { PropagationPolicy = "Foreground" }, Cancel);
        await Eventually.True(async () => await CountAsync<Deployment>("roll") + await CountAsync<ReplicaSet>("roll") + await CountAsync<Pod>("roll") == 0);
    }

    [Fact]
    public async Task ReplicationController_ScaledUpAndToNothing_Follows()
    {
        var controller = Make.ReplicationController("rc", 10);
        Relabel(controller.Spec.Template, "rc");
        controller.Spec.Selector["app"] = "rc";
        await Admin.CreateAsync(controller, Cancel);
        await Eventually.True(async () => (await Admin.GetAsync<ReplicationController>(Ns, "rc", Cancel)).Status is { ReadyReplicas: 10, AvailableReplicas: 10 });

        await Admin.PatchAsync<ReplicationController>(Ns, "rc", PatchBody.Merge("""{"spec":{"replicas":0}}"""), null, Cancel);

        await Eventually.True(async () => await CountAsync<Pod>("rc") == 0 && (await Admin.GetAsync<ReplicationController>(Ns, "rc", Cancel)).Status.Replicas == 0);
    }

    [Fact]
    public async Task Service_ItsPods_AreItsEndpointsAndSlices()
    {
        var service = Make.Service("svc", Make.Port("http", 80, IntOrStrings.FromInt(8080)));
        service.Spec.ClusterIP = "";
        service.Spec.Selector["app"] = "svc";
        await Admin.CreateAsync(service, Cancel);
        await Admin.CreateAsync(Rolling("svc", 2), Cancel);

        await Eventually.True(async () => (await EndpointsAsync()).Count == 2 && (await SlicesAsync()).Sum(slice => slice.Endpoints.Count(one => one.Conditions.Ready)) == 2);
        await Admin.DeleteAsync<Service>(Ns, "svc", null, Cancel);
        await Eventually.True(async () => (await EndpointsAsync()).Count == 0 && (await SlicesAsync()).Count == 0);
    }

    [Fact]
    public async Task Namespace_Deleted_TakesEverythingWithIt()
    {
        await Admin.CreateAsync(new Namespace { Metadata = new() { Name = "doomed" } }, Cancel);
        await Eventually.True(async () => (await Admin.ListAsync<ConfigMap>("doomed", ListQuery.All, Cancel)).Items.Count == 1
            && (await Admin.ListAsync<ServiceAccount>("doomed", ListQuery.All, Cancel)).Items.Count == 1);
        var set = Make.ReplicaSet("web", 3);
        set.Metadata.Namespace = "doomed";
        await Admin.CreateAsync(set, Cancel);
        await Eventually.True(async () => (await Admin.ListAsync<Pod>("doomed", ListQuery.All, Cancel)).Items.Count == 3);

        await Admin.DeleteAsync<Namespace>(null, "doomed", null, Cancel);

        await Eventually.True(async () => (await Admin.ListAsync<Namespace>(null, ListQuery.All, Cancel)).Items.All(ns => ns.Metadata.Name != "doomed"));
        Assert.Empty((await Admin.ListAsync<Pod>("doomed", ListQuery.All, Cancel)).Items);
    }

    [Fact]
    public async Task Node_Registered_GetsItsRange() =>
        await Eventually.True(async () => (await Admin.GetAsync<Node>(null, "node-a", Cancel)).Spec?.PodCIDR == "10.244.0.0/24");

    private static Deployment Rolling(string name, int replicas)
    {
        var deployment = Make.Deployment(name, replicas);
        deployment.Spec.Selector.MatchLabels["app"] = name;
        Relabel(deployment.Spec.Template, name);
        return deployment;
    }

    private static void Relabel(PodTemplateSpec template, string app) => template.Metadata.Labels["app"] = app;

    private static PatchBody Image(string image) =>
        PatchBody.Strategic("{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"" + image + "\"}]}}}}");

    private Task CompleteAsync(string name, int revision) => Eventually.True(
        async () =>
        {
            var deployment = await Admin.GetAsync<Deployment>(Ns, name, Cancel);
            var wanted = deployment.Spec.Replicas;
            return deployment.Metadata.Annotations.TryGetValue("deployment.kubernetes.io/revision", out var text) && text == $"{revision}"
                && deployment.Status is { } status
                && status.UpdatedReplicas == wanted && status.Replicas == wanted && status.AvailableReplicas == wanted
                && status.ObservedGeneration == deployment.Metadata.Generation
                && await CountAsync<Pod>(name) == wanted;
        },
        $"roll-out {revision} of {name}",
        TimeSpan.FromSeconds(60));

    private async Task<IReadOnlyList<T>> OfAsync<T>(string app)
        where T : class, IApiObject, new() =>
        [.. (await Admin.ListAsync<T>(Ns, ListQuery.All, Cancel)).Items.Where(obj => obj.Metadata.Name.StartsWith(app, StringComparison.Ordinal))];

    private async Task<int> CountAsync<T>(string app)
        where T : class, IApiObject, new() => (await OfAsync<T>(app)).Count;

    private async Task<List<EndpointAddress>> EndpointsAsync() =>
        [.. (await OfAsync<Endpoints>("svc")).SelectMany(endpoints => endpoints.Subsets).SelectMany(subset => subset.Addresses)];

    private Task<IReadOnlyList<EndpointSlice>> SlicesAsync() => OfAsync<EndpointSlice>("svc");
}
