using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>Everything runs on etcd, and goes on after etcd was killed and started again.</summary>
[Collection(BreakableCluster.Name)]
public sealed class EtcdClusterTests(BreakableCluster breakable)
{
    [Fact]
    public async Task Up_OnEtcd_RunsAServiceAndSurvivesItsRestart()
    {
        Machine.RequireCluster();
        Assert.SkipWhen(EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        await using EtcdProcess etcd = await EtcdProcess.StartNewAsync();
        (await breakable.Cluster.DownAsync()).Succeeded();
        var cluster = new RunningCluster
        {
            ServicePrefix = "10.98", PodPrefix = "10.246", ExtraArguments = ["--store", "etcd", "--etcd-endpoints", etcd.Endpoint.GetLeftPart(UriPartial.Authority)],
        };
        try
        {
            await cluster.InitializeAsync();
            Kubectl kubectl = await cluster.KubectlAsync();
            await kubectl.ApplyAsync(Manifests.Who("stored"));
            await kubectl.RunAsync("create", "secret", "generic", "hidden", "--from-literal=password=not-to-be-read");
            await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/stored", "--timeout=60s");
            string ip = await kubectl.JsonPathAsync("service/stored", "{.spec.clusterIP}");
            await Poll.UntilAsync("all pods answer", async () => (await Traffic.CountAsync(6, () => Traffic.HttpAsync(ip, 80))).Count == 3);

            await etcd.KillAsync();
            await etcd.StartAsync();
            await Poll.UntilAsync("writes work again", async () => (await kubectl.TryAsync("scale", "rc/stored", "--replicas=5")).ExitCode == 0);
            await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=5", "rc/stored", "--timeout=60s");
            await Poll.UntilAsync("all five answer", async () => (await Traffic.CountAsync(10, () => Traffic.HttpAsync(ip, 80))).Count == 5);
            CommandResult plain = await CommandResult.RunAsync("grep", ["-rl", "not-to-be-read", etcd.DataDirectory], TimeSpan.FromSeconds(20));
            // 1: grep read all of it and found nothing.
            Assert.True(plain.ExitCode == 1, $"grep ended with {plain.ExitCode}: {plain.Output}{plain.Error}");
        }
        finally
        {
            await cluster.DisposeAsync();
            (await breakable.Cluster.UpAsync()).Succeeded();
        }
    }
}
