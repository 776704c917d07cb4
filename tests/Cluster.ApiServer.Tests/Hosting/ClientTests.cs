using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>The components' own client against the real server, over either transport.</summary>
public sealed class ClientTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ClientTransport.Grpc)]
    [InlineData(ClientTransport.Rest)]
    public async Task EveryVerb_OnAConfigMap_DoesWhatItSays(ClientTransport transport)
    {
        var client = Client(transport);
        var name = $"verbs-{transport}".ToLowerInvariant();
        var created = await client.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "default", Name = name }, Data = { ["a"] = "1" } }, Cancel);
        Assert.Equal(created, await client.GetAsync<ConfigMap>("default", name, Cancel));

        var changed = created.Clone();
        changed.Data["a"] = "2";
        var updated = await client.UpdateAsync(changed, Cancel);
        var conflict = await Assert.ThrowsAsync<StatusException>(() => client.UpdateAsync(created, Cancel));
        Assert.True(conflict.IsConflict);

        var patched = await client.PatchAsync<ConfigMap>("default", name, PatchBody.Merge("""{"data":{"b":"3"}}"""), null, Cancel);
        Assert.Equal(("2", "3"), (patched.Data["a"], patched.Data["b"]));
        Assert.NotEqual(updated.Metadata.ResourceVersion, patched.Metadata.ResourceVersion);

        var list = await client.ListAsync<ConfigMap>("default", new ListQuery { FieldSelector = $"metadata.name={name}" }, Cancel);
        Assert.Equal(patched, Assert.Single(list.Items));

        await client.DeleteAsync<ConfigMap>("default", name, null, Cancel);
        var missing = await Assert.ThrowsAsync<StatusException>(() => client.GetAsync<ConfigMap>("default", name, Cancel));
        Assert.True(missing.IsNotFound);
        Assert.Equal($"configmaps \"{name}\" not found", missing.Message);
    }

    [Theory]
    [InlineData(ClientTransport.Grpc)]
    [InlineData(ClientTransport.Rest)]
    public async Task Informer_OverTheServer_SeesWhatOthersDo(ClientTransport transport)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var ns = $"informer-{transport}".ToLowerInvariant();
        var client = Client(transport);
        await client.CreateAsync(new Namespace { Metadata = new() { Name = ns } }, Cancel);
        var informer = new Informer<Secret>(client, ns, ListQuery.All, NullLogger.Instance);
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync(Cancel);

        await client.CreateAsync(new Secret { Metadata = new() { Namespace = ns, Name = "s" } }, Cancel);
        await Cluster.Testing.Eventually.True(() => informer.Get(ns, "s") is not null);
        await client.DeleteAsync<Secret>(ns, "s", null, Cancel);
        await Cluster.Testing.Eventually.True(() => informer.Get(ns, "s") is null);

        await stop.CancelAsync();
        await running;
    }

    [Theory]
    [InlineData(ClientTransport.Grpc)]
    [InlineData(ClientTransport.Rest)]
    public async Task Bind_FullNode_IsAConflictAndAFreeOneTakesThePod(ClientTransport transport)
    {
        var client = Client(transport);
        var suffix = transport.ToString().ToLowerInvariant();
        await AddNodeAsync(client, "full-" + suffix, pods: "0");
        await AddNodeAsync(client, "free-" + suffix, pods: "10");
        var pod = new Pod
        {
            Metadata = new() { Namespace = "default", Name = "bound-" + suffix },
            Spec = new() { Containers = { new Container { Name = "main", Image = "img" } } },
        };
        var created = await client.CreateAsync(pod, Cancel);

        var refused = await Assert.ThrowsAsync<StatusException>(() => client.BindAsync("default", pod.Metadata.Name, "full-" + suffix, null, Cancel));
        Assert.Equal(409, refused.Code);
        await client.BindAsync("default", pod.Metadata.Name, "free-" + suffix, created.Metadata.Uid, Cancel);
        Assert.Equal("free-" + suffix, (await client.GetAsync<Pod>("default", pod.Metadata.Name, Cancel)).Spec.NodeName);
        var again = await Assert.ThrowsAsync<StatusException>(() => client.BindAsync("default", pod.Metadata.Name, "free-" + suffix, null, Cancel));
        Assert.Equal(409, again.Code);
    }

    private IApiClient Client(ClientTransport transport) => KubernetesClients.FromKubeconfig(rig.Pki.AdminKubeconfig, transport);

    private static async Task AddNodeAsync(IApiClient client, string name, string pods)
    {
        var node = await client.CreateAsync(new Node { Metadata = new() { Name = name } }, Cancel);
        node = node.Clone();
        node.Status ??= new NodeStatus();
        node.Status.Allocatable["pods"] = new() { String = pods };
        node.Status.Allocatable["cpu"] = new() { String = "4" };
        node.Status.Allocatable["memory"] = new() { String = "4Gi" };
        await client.UpdateStatusAsync(node, Cancel);
    }
}
