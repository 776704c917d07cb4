using System.Net;
using System.Net.Sockets;

namespace Cluster.EndToEnd.Tests;

/// <summary>Processes killed with -9: nothing acknowledged is lost, containers run on, services go on answering.</summary>
[Collection(BreakableCluster.Name)]
public sealed class RecoveryTests(BreakableCluster breakable)
{
    private RunningCluster Cluster => breakable.Cluster;

    [Fact]
    public async Task EveryProcess_KilledUnderLoad_LosesNoAcknowledgedObjectAndNoContainer()
    {
        Kubectl kubectl = await Cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("steady"));
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/steady", "--timeout=60s");
        string ip = await kubectl.JsonPathAsync("service/steady", "{.spec.clusterIP}");
        await Poll.UntilAsync("the service answers", async () => (await Traffic.HttpAsync(ip, 80)).Length > 0);
        List<string> containers = [.. (await Engine.ContainersAsync(kubectl.Namespace)).Select(container => container.ID).Order()];

        var acknowledged = new List<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task[] writers = [.. Enumerable.Range(0, 4).Select(writer => WriteAsync(kubectl, writer, acknowledged, stop.Token))];
        await Poll.UntilAsync("writes are under way", () => { lock (acknowledged) return Task.FromResult(acknowledged.Count >= 12); });
        foreach (int pid in Cluster.Processes()) System.Diagnostics.Process.GetProcessById(pid).Kill();
        await stop.CancelAsync();
        await Task.WhenAll(writers);

        (await Cluster.UpAsync()).Succeeded();
        string stored = await kubectl.RunAsync("get", "configmaps", "-o", "name");
        lock (acknowledged) Assert.All(acknowledged, name => Assert.Contains("configmap/" + name + "\n", stored, StringComparison.Ordinal));
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/steady", "--timeout=60s");
        await Poll.UntilAsync("the service answers again", async () => (await Traffic.CountAsync(9, () => Traffic.HttpAsync(ip, 80))).Count == 3);
        Assert.Equal(containers, (await Engine.ContainersAsync(kubectl.Namespace)).Select(container => container.ID).Order());
        Assert.Equal("0 0 0 0 0 0", await kubectl.JsonPathAsync("pods", "{.items[*].status.containerStatuses[*].restartCount}"));
    }

    [Fact]
    public async Task Proxy_KilledAlone_ComesBack()
    {
        Kubectl kubectl = await Cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("served"));
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/served", "--timeout=60s");
        string ip = await kubectl.JsonPathAsync("service/served", "{.spec.clusterIP}");
        await Poll.UntilAsync("the service answers", async () => (await Traffic.HttpAsync(ip, 80)).Length > 0);
        int proxy = Assert.Single(Cluster.Processes(), IsProxy);
        System.Diagnostics.Process.GetProcessById(proxy).Kill();
        // Clients of this node are led to the pods meanwhile, so that the service answering says nothing of the proxy.
        await Poll.UntilAsync("another proxy runs", () => Task.FromResult(Cluster.Processes().Any(pid => pid != proxy && IsProxy(pid))), seconds: 20);
        await Poll.UntilAsync("the service answers", async () => (await Traffic.HttpAsync(ip, 80)).Length > 0, seconds: 20);
    }

    [Fact]
    public async Task ControlPlane_Dead_ServicesGoOnAnswering()
    {
        Kubectl kubectl = await Cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("orphaned"));
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/orphaned", "--timeout=60s");
        string ip = await kubectl.JsonPathAsync("service/orphaned", "{.spec.clusterIP}");
        await Poll.UntilAsync("all pods answer", async () => (await Traffic.CountAsync(6, () => Traffic.HttpAsync(ip, 80))).Count == 3);
        foreach (int pid in Cluster.Processes().Where(pid => !IsProxy(pid))) System.Diagnostics.Process.GetProcessById(pid).Kill();
        Assert.NotEqual(0, (await kubectl.TryAsync("get", "pods", "--request-timeout=2s")).ExitCode);
        Traffic.AssertEven(await Traffic.CountAsync(90, () => Traffic.HttpAsync(ip, 80)), 3, 90);
        (await Cluster.UpAsync()).Succeeded();
        Traffic.AssertEven(await Traffic.CountAsync(90, () => Traffic.HttpAsync(ip, 80)), 3, 90);
    }

    [Fact]
    public async Task Up_OfAnotherBuild_ProxyTakesOverFromTheOneThatRuns()
    {
        Kubectl kubectl = await Cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Echo("kept", "loop"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/kept", "--timeout=60s");
        IPAddress address = IPAddress.Parse(await kubectl.JsonPathAsync("service/kept", "{.spec.clusterIP}"));
        using TcpClient client = await Traffic.ConnectAsync(address, 80);
        Assert.Equal("before", await Traffic.EchoAsync(client, "before"));
        int before = Assert.Single(Cluster.Processes(), IsProxy);
        foreach (int pid in Cluster.Processes().Where(pid => !IsProxy(pid))) System.Diagnostics.Process.GetProcessById(pid).Kill();
        // A library that is newer makes it another build.
        File.SetLastWriteTimeUtc(Path.Combine(Path.GetDirectoryName(Machine.ClusterBinary)!, "Cluster.Proxy.dll"), TimeProvider.System.GetUtcNow().UtcDateTime);
        (await Cluster.UpAsync()).Succeeded();

        Assert.Contains(Cluster.Processes(), pid => pid != before && IsProxy(pid));
        Assert.Equal("behind", await Traffic.EchoAsync(client, "behind"));
        Assert.Contains(before, Cluster.Processes());
        using (TcpClient fresh = await Traffic.ConnectAsync(address, 80)) Assert.Equal("fresh", await Traffic.EchoAsync(fresh, "fresh"));
        client.Dispose();
        await Poll.UntilAsync("the old proxy to end", () => Task.FromResult(!Cluster.Processes().Contains(before)));
        await kubectl.RunAsync("delete", "pod/kept", "--wait=false");
    }

    private static bool IsProxy(int pid) => RunningCluster.CommandLine(pid).Contains(" proxy ", StringComparison.Ordinal);

    private static async Task WriteAsync(Kubectl kubectl, int writer, List<string> acknowledged, CancellationToken stop)
    {
        for (int i = 0; i < 200 && !stop.IsCancellationRequested; i++)
        {
            string name = $"entry-{writer}-{i}";
            CommandResult result = await kubectl.TryAsync("create", "configmap", name, "--from-literal=a=b", "--request-timeout=5s");
            if (result.ExitCode != 0) return;
            lock (acknowledged) acknowledged.Add(name);
        }
    }
}

/// <summary>A cluster whose processes may be killed.</summary>
[CollectionDefinition(Name)]
public sealed class BreakableCluster : ICollectionFixture<BreakableCluster>, IAsyncLifetime
{
    public const string Name = "breakable cluster";

    internal RunningCluster Cluster { get; } = new();

    public ValueTask InitializeAsync() => Cluster.InitializeAsync();

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
