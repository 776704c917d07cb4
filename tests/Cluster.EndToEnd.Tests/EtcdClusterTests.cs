using System.Diagnostics;

namespace Cluster.EndToEnd.Tests;

/// <summary>Everything runs on etcd, and goes on after etcd was killed and started again.</summary>
[Collection(BreakableCluster.Name)]
public sealed class EtcdClusterTests(BreakableCluster breakable)
{
    [Fact]
    public async Task Up_OnEtcd_RunsAServiceAndSurvivesItsRestart()
    {
        Machine.RequireCluster();
        Assert.SkipUnless(File.Exists("/usr/bin/etcd"), "etcd is not installed (package etcd-server)");
        string data = Directory.CreateTempSubdirectory("cluster-etcd-").FullName;
        int client = Machine.FreePort(), peer = Machine.FreePort();
        Process etcd = StartEtcd(data, client, peer);
        (await breakable.Cluster.DownAsync()).Succeeded();
        var cluster = new RunningCluster
        {
            ServicePrefix = "10.98", PodPrefix = "10.246", ExtraArguments = ["--store", "etcd", "--etcd-endpoints", $"http://127.0.0.1:{client}"],
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

            etcd.Kill();
            await etcd.WaitForExitAsync(TestContext.Current.CancellationToken);
            etcd = StartEtcd(data, client, peer);
            await Poll.UntilAsync("writes work again", async () => (await kubectl.TryAsync("scale", "rc/stored", "--replicas=5")).ExitCode == 0);
            await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=5", "rc/stored", "--timeout=60s");
            await Poll.UntilAsync("all five answer", async () => (await Traffic.CountAsync(10, () => Traffic.HttpAsync(ip, 80))).Count == 5);
            CommandResult plain = await CommandResult.RunAsync("grep", ["-rl", "not-to-be-read", data], TimeSpan.FromSeconds(20));
            Assert.Equal("", plain.Output);
        }
        finally
        {
            await cluster.DisposeAsync();
            etcd.Kill();
            await etcd.WaitForExitAsync(CancellationToken.None);
            etcd.Dispose();
            Directory.Delete(data, recursive: true);
            (await breakable.Cluster.UpAsync()).Succeeded();
        }
    }

    private static Process StartEtcd(string data, int client, int peer)
    {
        var start = new ProcessStartInfo("/usr/bin/etcd") { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])[
            "--name", "test", "--data-dir", data, "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}",
            "--initial-cluster", $"test=http://127.0.0.1:{peer}"])
            start.ArgumentList.Add(argument);
        Process etcd = Process.Start(start)!;
        etcd.ErrorDataReceived += static (_, _) => { };
        etcd.OutputDataReceived += static (_, _) => { };
        etcd.BeginErrorReadLine();
        etcd.BeginOutputReadLine();
        return etcd;
    }
}
