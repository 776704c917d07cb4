using System.Diagnostics;
using Cluster.Testing;

namespace Cluster.Controllers.Tests.Server;

/// <summary>kubectl's own view of roll-outs: it judges conditions, revisions and generations by itself. Needs a kubectl.</summary>
public sealed class KubectlRolloutTests(ServerRig rig) : IClassFixture<ServerRig>
{
    [Fact]
    public async Task Rollout_StatusHistoryUndoScale_WorkAsWithKubernetes()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await KubectlAsync("create", "deployment", "web", "--image=web:1", "--replicas=3");
        Assert.Contains("successfully rolled out", await KubectlAsync("rollout", "status", "deployment/web", "--timeout=60s"), StringComparison.Ordinal);

        await KubectlAsync("set", "image", "deployment/web", "*=web:2");
        await KubectlAsync("rollout", "status", "deployment/web", "--timeout=60s");
        var history = await KubectlAsync("rollout", "history", "deployment/web");
        Assert.Contains("\n1 ", history, StringComparison.Ordinal);
        Assert.Contains("\n2 ", history, StringComparison.Ordinal);

        await KubectlAsync("rollout", "undo", "deployment/web");
        await KubectlAsync("rollout", "status", "deployment/web", "--timeout=60s");
        Assert.Equal("web:1", await KubectlAsync("get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"));
        Assert.Equal("3", await KubectlAsync("get", "deployment", "web", "-o", "jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}"));

        await KubectlAsync("scale", "deployment/web", "--replicas=5");
        await KubectlAsync("wait", "deployment/web", "--for=jsonpath={.status.availableReplicas}=5", "--timeout=60s");
        Assert.Contains("ScalingReplicaSet", await KubectlAsync("describe", "deployment", "web"), StringComparison.Ordinal);

        await KubectlAsync("delete", "deployment", "web", "--timeout=60s");
        await KubectlAsync("wait", "pod", "-l", "app=web", "--for=delete", "--timeout=60s");
        Assert.Equal("", await KubectlAsync("get", "replicaset", "-l", "app=web", "-o", "name"));
    }

    [Fact]
    public async Task Drain_UnderABudget_WaitsForItAndEnds()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        foreach (var name in new[] { "guarded-one", "guarded-two" })
        {
            await KubectlAsync("run", name, "--image=web:1", "--labels=app=guarded");
            await KubectlAsync("wait", $"pod/{name}", "--for=condition=Ready", "--timeout=60s");
        }

        await KubectlAsync("create", "pdb", "guarded", "--selector=app=guarded", "--min-available=1");
        await KubectlAsync("wait", "pdb/guarded", "--for=jsonpath={.status.disruptionsAllowed}=1", "--timeout=60s");
        try
        {
            await DrainAsync();
        }
        finally
        {
            await KubectlAsync("uncordon", "node-a");
        }
    }

    private async Task DrainAsync()
    {
        var draining = KubectlAsync("drain", "node-a", "--pod-selector=app=guarded", "--force", "--timeout=80s");
        await KubectlAsync("wait", "pdb/guarded", "--for=jsonpath={.status.expectedPods}=1", "--timeout=60s");
        Assert.Matches("^pod/guarded-(one|two)\n$", await KubectlAsync("get", "pods", "-l", "app=guarded", "-o", "name"));
        Assert.False(draining.IsCompleted);

        await KubectlAsync("patch", "pdb", "guarded", "--type=merge", "-p", """{"spec":{"minAvailable":0}}""");

        Assert.Contains("node/node-a drained", await draining, StringComparison.Ordinal);
        Assert.Equal("", await KubectlAsync("get", "pods", "-l", "app=guarded", "-o", "name"));
    }

    private async Task<string> KubectlAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(KubectlProgram.Path, ["--kubeconfig", rig.AdminKubeconfig, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Its discovery cache lives in the home directory.
            Environment = { ["HOME"] = Path.GetDirectoryName(rig.AdminKubeconfig)! },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await process.WaitForExitAsync(timeout.Token);
        Assert.True(process.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {await errors}");
        return await output;
    }
}
