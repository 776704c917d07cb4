using System.Diagnostics;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Rest;

/// <summary>What kubectl does with objects, on the real server.</summary>
public sealed class KubectlObjectsTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    [Fact]
    public async Task GetWatch_AsTable_PrintsEachChange()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await RunAsync("create", "namespace", "watched");
        var start = new ProcessStartInfo(KubectlProgram.Path, ["--kubeconfig", rig.Pki.AdminKubeconfig, "get", "configmaps", "-n", "watched", "-w"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["HOME"] = rig.Data },
        };
        using var kubectl = Process.Start(start)!;
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await RunAsync("create", "configmap", "one", "-n", "watched", "--from-literal=a=1");
            Assert.Matches("^NAME +DATA +AGE", await kubectl.StandardOutput.ReadLineAsync(patience.Token));
            Assert.Matches("^one +1 ", await kubectl.StandardOutput.ReadLineAsync(patience.Token));
            await RunAsync("patch", "configmap", "one", "-n", "watched", "-p", """{"data":{"b":"2"}}""");
            Assert.Matches("^one +2 ", await kubectl.StandardOutput.ReadLineAsync(patience.Token));
        }
        finally
        {
            kubectl.Kill();
        }
    }

    [Fact]
    public async Task Delete_WithFinalizer_WaitsUntilItIsGone()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await RunAsync("create", "configmap", "held", "--from-literal=a=1");
        await RunAsync("patch", "configmap", "held", "--type=merge", "-p", """{"metadata":{"finalizers":["example.com/hold"]}}""");
        var deleting = rig.KubectlAsync(null, "delete", "configmap", "held", "--timeout=60s");
        var marked = await rig.KubectlAsync(null, "wait", "configmap", "held", "--for=jsonpath={.metadata.deletionTimestamp}", "--timeout=30s");
        await RunAsync("patch", "configmap", "held", "--type=json", "-p", """[{"op":"remove","path":"/metadata/finalizers"}]""");
        var deleted = await deleting;

        Assert.True(marked.ExitCode == 0, marked.Errors);
        Assert.True(deleted.ExitCode == 0, deleted.Errors);
        Assert.Equal("configmap \"held\" deleted\n", deleted.Output);
    }

    [Fact]
    public async Task Scale_ReplicationController_ChangesTheReplicas()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        const string manifest = """
            apiVersion: v1
            kind: ReplicationController
            metadata: {name: scaled}
            spec:
              replicas: 1
              selector: {app: scaled}
              template:
                metadata: {labels: {app: scaled}}
                spec: {containers: [{name: main, image: image}]}
            """;
        Assert.Equal("", (await rig.KubectlAsync(manifest, "create", "-f", "-")).Errors);
        await RunAsync("scale", "rc", "scaled", "--replicas=4", "--current-replicas=1");
        var replicas = await RunAsync("get", "rc", "scaled", "-o", "jsonpath={.spec.replicas} {.metadata.generation}");

        Assert.Equal("4 2", replicas);
    }

    [Fact]
    public async Task Replace_StaleObject_IsAConflict()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await RunAsync("create", "configmap", "stale", "--from-literal=a=1");
        var old = await RunAsync("get", "configmap", "stale", "-o", "yaml");
        await RunAsync("label", "configmap", "stale", "new=label");
        var result = await rig.KubectlAsync(old.Replace("\"1\"", "\"2\"", StringComparison.Ordinal), "replace", "-f", "-");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(
            "Operation cannot be fulfilled on configmaps \"stale\": the object has been modified; please apply your changes to the latest version and try again",
            result.Errors,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Expose_TakenClusterIP_IsInvalid()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await RunAsync("create", "service", "clusterip", "first", "--clusterip=10.96.0.99", "--tcp=80");
        var second = await rig.KubectlAsync(null, "create", "service", "clusterip", "second", "--clusterip=10.96.0.99", "--tcp=80");

        Assert.Contains("failed to allocate IP 10.96.0.99: provided IP is already allocated", second.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApplyServerSide_MakesTheObjectAndOwnsItsFields()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        var result = await rig.KubectlAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {a: b}\n", "apply", "--server-side", "-f", "-");

        Assert.Equal("configmap/ssa serverside-applied", result.Output.Trim());
        var owners = await RunAsync("get", "configmap", "ssa", "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager} {.metadata.managedFields[*].operation}");
        Assert.Equal("kubectl Apply", owners);
    }

    private async Task<string> RunAsync(params string[] arguments)
    {
        var result = await rig.KubectlAsync(null, arguments);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result.Output;
    }
}
