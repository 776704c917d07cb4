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

    [Theory]
    [InlineData("daemonset", "DaemonSet", "1.32")]
    [InlineData("daemonset", "DaemonSet", "1.20")]
    [InlineData("statefulset", "StatefulSet", "1.32")]
    [InlineData("statefulset", "StatefulSet", "1.20")]
    public async Task Rollout_OfSetsWithRevisions_IsUndoneByEachRelease(string resource, string kind, string release)
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        Assert.SkipWhen(release == "1.20" && KubectlProgram.Older is null, "there is no kubectl 1.20 beside the other");
        var program = release == "1.20" ? KubectlProgram.Older! : KubectlProgram.Path;
        var name = $"{resource}-{release.Replace('.', '-')}";
        var manifest = $"{{\"apiVersion\":\"apps/v1\",\"kind\":\"{kind}\",\"metadata\":{{\"name\":\"{name}\"}},\"spec\":{{{(kind == "StatefulSet" ? "\"serviceName\":\"s\"," : "")}"
            + $"\"selector\":{{\"matchLabels\":{{\"set\":\"{name}\"}}}},\"template\":{{\"metadata\":{{\"labels\":{{\"set\":\"{name}\"}}}},\"spec\":{{\"containers\":[{{\"name\":\"web\",\"image\":\"web:1\"}}]}}}}}}}}";
        using var folder = new TempDirectory();
        await File.WriteAllTextAsync(folder.File("set.json"), manifest, TestContext.Current.CancellationToken);
        await RunAsync(program, "create", "-f", folder.File("set.json"));
        await RunAsync(program, "rollout", "status", $"{resource}/{name}", "--timeout=60s");
        await RunAsync(program, "set", "image", $"{resource}/{name}", "web=web:2");
        await RunAsync(program, "rollout", "status", $"{resource}/{name}", "--timeout=60s");
        var history = await RunAsync(program, "rollout", "history", $"{resource}/{name}");
        Assert.Contains("\n1 ", history, StringComparison.Ordinal);
        Assert.Contains("\n2 ", history, StringComparison.Ordinal);

        await RunAsync(program, "rollout", "undo", $"{resource}/{name}");
        Assert.Equal("web:1", await RunAsync(program, "get", resource, name, "-o", "jsonpath={.spec.template.spec.containers[0].image}"));
        await RunAsync(program, "rollout", "status", $"{resource}/{name}", "--timeout=60s");
        await RunAsync(program, "delete", resource, name);
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

    private Task<string> KubectlAsync(params string[] arguments) => RunAsync(KubectlProgram.Path, arguments);

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, ["--kubeconfig", rig.AdminKubeconfig, .. arguments])
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
