using System.Security.Cryptography.X509Certificates;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Client;
using k8s;
using k8s.Models;

namespace Cluster.EndToEnd.Tests;

/// <summary>The official C# client and a gRPC client list, watch, create and delete pods.</summary>
[Collection(SharedCluster.Name)]
public sealed class ClientLibraryTests(RunningCluster cluster)
{
    [Fact]
    public async Task OfficialClient_ListsWatchesCreatesDeletes()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.Kubeconfig));
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "official" },
            Spec = new V1PodSpec
            {
                TerminationGracePeriodSeconds = 1,
                Containers = [new V1Container { Name = "main", Image = Manifests.Image, Command = ["sleep", "1000"] }],
            },
        };
        var seen = new List<string>();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task watching = Task.Run(
            async () =>
            {
                await foreach ((WatchEventType type, V1Pod item) in client.CoreV1.WatchListNamespacedPodAsync(kubectl.Namespace, cancellationToken: ended.Token))
                {
                    lock (seen) seen.Add($"{type} {item.Metadata.Name}");
                    if (type == WatchEventType.Deleted) return;
                }
            },
            cancellation);

        V1Pod created = await client.CoreV1.CreateNamespacedPodAsync(pod, kubectl.Namespace, cancellationToken: cancellation);
        Assert.False(string.IsNullOrEmpty(created.Metadata.Uid));
        await Poll.UntilAsync("the pod runs", async () =>
            (await client.CoreV1.ReadNamespacedPodAsync("official", kubectl.Namespace, cancellationToken: cancellation)).Status.Phase == "Running");
        V1PodList list = await client.CoreV1.ListNamespacedPodAsync(kubectl.Namespace, cancellationToken: cancellation);
        Assert.Equal("official", Assert.Single(list.Items).Metadata.Name);
        await client.CoreV1.DeleteNamespacedPodAsync("official", kubectl.Namespace, cancellationToken: cancellation);
        await watching.WaitAsync(TimeSpan.FromSeconds(30), cancellation);
        await ended.CancelAsync();
        Assert.Contains("Added official", seen);
        Assert.Contains("Modified official", seen);
        Assert.Contains("Deleted official", seen);
    }

    [Theory]
    [InlineData(ClientTransport.Grpc)]
    [InlineData(ClientTransport.Rest)]
    public async Task OwnClient_ListsWatchesCreatesDeletes(ClientTransport transport)
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        IApiClient client = KubernetesClients.FromKubeconfig(cluster.Kubeconfig, transport);
        ResourceList<Pod> empty = await client.ListAsync<Pod>(kubectl.Namespace, ListQuery.All, cancellation);
        Assert.Empty(empty.Items);
        Pod created = await client.CreateAsync(
            new Pod
            {
                Metadata = new ObjectMeta { Name = "own", Namespace = kubectl.Namespace },
                Spec = new PodSpec { TerminationGracePeriodSeconds = 1, Containers = { new Container { Name = "main", Image = Manifests.Image, Command = { "sleep", "1000" } } } },
            },
            cancellation);
        Assert.NotEmpty(created.Metadata.Uid);

        var types = new List<ResourceEventType>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        await foreach (ResourceEvent<Pod> change in client.WatchAsync<Pod>(kubectl.Namespace, new ListQuery { ResourceVersion = empty.ResourceVersion }, limit.Token))
        {
            types.Add(change.Type);
            if (change.Type == ResourceEventType.Deleted) break;
            if (change.Object.Status?.Phase == "Running" && change.Object.Metadata.DeletionTimestamp is null)
                await client.DeleteAsync<Pod>(kubectl.Namespace, "own", null, cancellation);
        }

        Assert.Equal(ResourceEventType.Added, types[0]);
        Assert.Equal(ResourceEventType.Deleted, types[^1]);
        var missing = await Assert.ThrowsAsync<Api.StatusException>(() => client.GetAsync<Pod>(kubectl.Namespace, "own", cancellation));
        Assert.Equal("NotFound", missing.Reason);
        Assert.Equal("pods \"own\" not found", missing.Status.Message);
    }
}
