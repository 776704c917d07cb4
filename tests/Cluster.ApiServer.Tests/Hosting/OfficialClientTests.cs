using System.Collections.Concurrent;
using Cluster.Testing;
using k8s;
using k8s.Autorest;
using k8s.LeaderElection;
using k8s.LeaderElection.ResourceLock;
using k8s.Models;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>The official C# client against the real server: a local copy kept by list and watch, and the election of a leader.</summary>
public sealed class OfficialClientTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListAndWatch_KeepACopyInStep()
    {
        using var client = Client();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await client.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new() { Name = "official" } }, cancellationToken: Cancel);
        await CreateAsync(client, "before");
        ConcurrentDictionary<string, string> copy = new();
        var following = Task.Run(() => FollowAsync(client, copy, stop.Token), Cancel);
        await Eventually.True(() => copy.ContainsKey("before"));

        foreach (var i in Enumerable.Range(0, 10))
            await CreateAsync(client, $"m{i}");
        var changed = await client.CoreV1.ReadNamespacedConfigMapAsync("m3", "official", cancellationToken: Cancel);
        changed.Data["a"] = "2";
        await client.CoreV1.ReplaceNamespacedConfigMapAsync(changed, "m3", "official", cancellationToken: Cancel);
        await client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch("""{"data":{"a":"3"}}""", V1Patch.PatchType.MergePatch), "m4", "official", cancellationToken: Cancel);
        await client.CoreV1.DeleteNamespacedConfigMapAsync("m5", "official", cancellationToken: Cancel);

        var list = await client.CoreV1.ListNamespacedConfigMapAsync("official", cancellationToken: Cancel);
        var expected = list.Items.ToDictionary(map => map.Name(), map => $"{map.Data["a"]} {map.ResourceVersion()}");
        Assert.Equal((10, false), (expected.Count, expected.ContainsKey("m5")));
        await Eventually.True(() => copy.Count == expected.Count && expected.All(pair => copy.GetValueOrDefault(pair.Key) == pair.Value));
        await stop.CancelAsync();
        await following;
    }

    [Fact]
    public async Task Update_OfAStaleObject_BringsTheStatus()
    {
        using var client = Client();
        await client.CoreV1.CreateNamespacedConfigMapAsync(
            new V1ConfigMap { Metadata = new() { Name = "stale" }, Data = new Dictionary<string, string> { ["a"] = "1" } }, "default", cancellationToken: Cancel);
        var stale = await client.CoreV1.ReadNamespacedConfigMapAsync("stale", "default", cancellationToken: Cancel);
        await client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch("""{"data":{"a":"2"}}""", V1Patch.PatchType.StrategicMergePatch), "stale", "default", cancellationToken: Cancel);
        var conflict = await Assert.ThrowsAsync<HttpOperationException>(() =>
            client.CoreV1.ReplaceNamespacedConfigMapAsync(stale, "stale", "default", cancellationToken: Cancel));

        Assert.Equal(System.Net.HttpStatusCode.Conflict, conflict.Response.StatusCode);
        Assert.Contains("the object has been modified", conflict.Response.Content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LeaderElection_OfThree_HasOneLeaderAtATimeAndFindsTheNext()
    {
        using var client = Client();
        var leading = 0;
        var most = 0;
        ConcurrentQueue<string> leaders = new();
        Dictionary<string, CancellationTokenSource> lives = [];
        List<Task> running = [];
        foreach (var name in new[] { "a", "b", "c" })
        {
            var life = lives[name] = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var elector = new LeaderElector(new LeaderElectionConfig(new LeaseLock(client, "default", "lock", name))
            {
                LeaseDuration = TimeSpan.FromSeconds(6), RenewDeadline = TimeSpan.FromSeconds(4), RetryPeriod = TimeSpan.FromMilliseconds(200),
            });
            elector.OnStartedLeading += () =>
            {
                most = Math.Max(most, Interlocked.Increment(ref leading));
                leaders.Enqueue(name);
            };
            elector.OnStoppedLeading += () => Interlocked.Decrement(ref leading);
            running.Add(Task.Run(() => elector.RunUntilLeadershipLostAsync(life.Token), Cancel));
        }

        await Eventually.True(() => !leaders.IsEmpty, timeout: TimeSpan.FromSeconds(60));
        var first = leaders.First();
        var lease = await client.CoordinationV1.ReadNamespacedLeaseAsync("lock", "default", cancellationToken: Cancel);
        Assert.Equal(first, lease.Spec.HolderIdentity);
        await lives[first].CancelAsync();
        await Eventually.True(() => leaders.Count > 1, timeout: TimeSpan.FromSeconds(60));

        Assert.NotEqual(first, leaders.Last());
        Assert.Equal(1, most);
        foreach (var life in lives.Values)
            await life.CancelAsync();
        await Task.WhenAll(running.Select(task => task.ContinueWith(_ => { }, TaskScheduler.Default)));
        foreach (var life in lives.Values)
            life.Dispose();
    }

    // What an informer does: a list, then a watch from its version, again and again.
    private static async Task FollowAsync(Kubernetes client, ConcurrentDictionary<string, string> copy, CancellationToken cancellationToken)
    {
        try
        {
            var list = await client.CoreV1.ListNamespacedConfigMapAsync("official", limit: 500, cancellationToken: cancellationToken);
            foreach (var map in list.Items)
                copy[map.Name()] = $"{map.Data["a"]} {map.ResourceVersion()}";
            var version = list.ResourceVersion();
            while (!cancellationToken.IsCancellationRequested)
            {
                // One second a watch: the copy must survive its end.
                await foreach (var (type, map) in client.CoreV1.WatchListNamespacedConfigMapAsync(
                    "official", resourceVersion: version, timeoutSeconds: 1, cancellationToken: cancellationToken))
                {
                    version = map.ResourceVersion();
                    if (type == WatchEventType.Deleted)
                        copy.TryRemove(map.Name(), out _);
                    else
                        copy[map.Name()] = $"{map.Data["a"]} {version}";
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private static Task CreateAsync(Kubernetes client, string name) => client.CoreV1.CreateNamespacedConfigMapAsync(
        new V1ConfigMap { Metadata = new() { Name = name }, Data = new Dictionary<string, string> { ["a"] = "1" } }, "official", cancellationToken: Cancel);

    private Kubernetes Client() => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(rig.Pki.AdminKubeconfig));
}
