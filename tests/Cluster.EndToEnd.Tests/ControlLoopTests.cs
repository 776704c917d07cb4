namespace Cluster.EndToEnd.Tests;

/// <summary>What dies comes back, what is asked for appears, and what cannot be done says why.</summary>
[Collection(SharedCluster.Name)]
public sealed class ControlLoopTests(RunningCluster cluster)
{
    [Fact]
    public async Task Container_Killed_ComesBack()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.SleepingPod("phoenix"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/phoenix", "--timeout=60s");
        string before = Assert.Single(await Engine.ContainersAsync(kubectl.Namespace, "phoenix", "main")).ID;
        await Engine.KillAsync(before);
        await Poll.UntilEqualAsync("the restart count", "1", () => kubectl.JsonPathAsync("pod/phoenix", "{.status.containerStatuses[0].restartCount}"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/phoenix", "--timeout=60s");
        Assert.NotEqual(before, Assert.Single(await Engine.ContainersAsync(kubectl.Namespace, "phoenix", "main")).ID);
    }

    [Fact]
    public async Task ReplicationController_PodDeleted_MakesANewOne_AndScales()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("herd", replicas: 1));
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=1", "rc/herd", "--timeout=60s");
        string first = await kubectl.JsonPathAsync("pods", "{.items[0].metadata.name}");
        await kubectl.RunAsync("delete", "pod", first);
        await Poll.UntilAsync("another pod is ready", async () =>
            (await kubectl.JsonPathAsync("pods", "{.items[?(@.status.phase=='Running')].metadata.name}")) is { Length: > 0 } name && name != first);

        await kubectl.RunAsync("scale", "rc/herd", "--replicas=10");
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=10", "rc/herd", "--timeout=80s");
        await kubectl.RunAsync("scale", "rc/herd", "--replicas=0");
        await Poll.UntilAsync("no pod is left", async () => (await kubectl.RunAsync("get", "pods", "-o", "name")).Trim().Length == 0);
        await Poll.UntilAsync("no container is left", async () => (await Engine.ContainersAsync(kubectl.Namespace)).Count == 0);
    }

    [Fact]
    public async Task Pod_ThatCannotBeScheduled_SaysWhy()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.SleepingPod("giant", "    resources: {requests: {cpu: \"1000\"}}"));
        await Poll.UntilAsync("the event says why", async () =>
            (await kubectl.RunAsync("get", "events", "--field-selector", "involvedObject.name=giant,reason=FailedScheduling"))
            .Contains("0/1 nodes are available: 1 Insufficient cpu", StringComparison.Ordinal));
        Assert.Equal("Unschedulable", await kubectl.JsonPathAsync("pod/giant", "{.status.conditions[?(@.type=='PodScheduled')].reason}"));
        Assert.Matches(@"giant\s+0/1\s+Pending", await kubectl.RunAsync("get", "pods"));
    }

    [Fact]
    public async Task Pod_OfAnotherScheduler_IsPlacedByAShellScript()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.SleepingPod("odd", "  schedulerName: shell"));
        // Ours must have had its chance: a pod of the default scheduler made later is placed.
        await kubectl.ApplyAsync(Manifests.SleepingPod("even"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/even", "--timeout=60s");
        Assert.Equal("", await kubectl.JsonPathAsync("pod/odd", "{.spec.nodeName}"));

        string script = Path.Combine(Machine.ExamplesFolder, "shell-scheduler");
        CommandResult placed = await CommandResult.RunAsync(
            "timeout", ["20", "bash", script, "--once"], TimeSpan.FromSeconds(40),
            environment: new Dictionary<string, string> { ["KUBECONFIG"] = cluster.Kubeconfig, ["KUBECTL"] = Machine.Kubectl132 });
        placed.Succeeded();
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/odd", "--timeout=60s");
    }

    [Fact]
    public async Task Deployment_Deleted_TakesItsReplicaSetsAndPods()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.RunAsync("create", "deployment", "owner", "--image", Manifests.Image, "--replicas=2", "--", "sleep", "1000");
        await kubectl.RunAsync("rollout", "status", "deployment/owner", "--timeout=60s");
        await kubectl.RunAsync("delete", "deployment", "owner");
        await Poll.UntilAsync("what it owned is gone", async () => (await kubectl.RunAsync("get", "rs,pods", "-o", "name")).Trim().Length == 0);
    }

    [Fact]
    public async Task Volumes_ConfigMapSecretEmptyDir_AreThere()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.RunAsync("create", "configmap", "settings", "--from-literal=color=blue");
        await kubectl.RunAsync("create", "secret", "generic", "hidden", "--from-literal=password=guess");
        await kubectl.ApplyAsync(Manifests.SleepingPod("mounted", """
                volumeMounts:
                - {name: config, mountPath: /config}
                - {name: secret, mountPath: /secret, readOnly: true}
                - {name: scratch, mountPath: /scratch}
              volumes:
              - {name: config, configMap: {name: settings}}
              - {name: secret, secret: {secretName: hidden}}
              - {name: scratch, emptyDir: {}}
            """));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/mounted", "--timeout=60s");
        string seen = (await Engine.ExecAsync(kubectl.Namespace, "mounted", "main", ["sh", "-c", "cat /config/color /secret/password; echo here > /scratch/file; cat /scratch/file"])).Succeeded().Output;
        Assert.Equal("blueguesshere\n", seen);
    }
}
