using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cluster.EndToEnd.Tests;

/// <summary>Every command of kubectl that people use, run by kubectl itself, of two versions.</summary>
[Collection(SharedCluster.Name)]
public sealed class KubectlTests(RunningCluster cluster)
{
    public static TheoryData<string> Versions() => [Machine.Kubectl132, Machine.Kubectl120];

    private const string ConfigMap = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, labels: {tier: web}}
        data: {color: blue, size: "10"}
        """;

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Version_And_ApiResources_NameTheServer(string binary)
    {
        Kubectl kubectl = await cluster.KubectlAsync(binary);
        Assert.Contains("Server Version", await kubectl.RunAsync("version"), StringComparison.Ordinal);
        string resources = await kubectl.RunAsync("api-resources");
        foreach (string kind in (string[])["Namespace", "Node", "Pod", "Service", "Endpoints", "EndpointSlice", "ReplicationController", "ReplicaSet", "Deployment", "ConfigMap", "Secret", "ServiceAccount", "Event", "Lease"])
            Assert.Matches($@"(?m)\b{kind}\s*$|\b{kind}\s", resources);
        Assert.Contains("apps/v1", await kubectl.RunAsync("api-versions"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task CreateGetDelete_ConfigMap(string binary)
    {
        Kubectl kubectl = await cluster.KubectlAsync(binary);
        Assert.Contains("configmap/settings created", await kubectl.ApplyAsync(ConfigMap, "create"), StringComparison.Ordinal);
        Assert.Matches(@"NAME\s+DATA\s+AGE\s*\nsettings\s+2\s+\d+s", await kubectl.RunAsync("get", "configmap", "settings"));
        Assert.Equal("blue", await kubectl.JsonPathAsync("configmap/settings", "{.data.color}"));
        Assert.Contains("color: blue", await kubectl.RunAsync("get", "cm", "settings", "-o", "yaml"), StringComparison.Ordinal);
        JsonNode json = JsonNode.Parse(await kubectl.RunAsync("get", "cm", "settings", "-o", "json"))!;
        Assert.Equal("10", (string?)json["data"]!["size"]);
        Assert.Contains("settings", await kubectl.RunAsync("get", "cm", "-l", "tier=web"), StringComparison.Ordinal);
        Assert.DoesNotContain("settings", await kubectl.RunAsync("get", "cm", "-l", "tier!=web"), StringComparison.Ordinal);
        Assert.Contains(kubectl.Namespace, await kubectl.RunAsync("get", "cm", "-A"), StringComparison.Ordinal);

        CommandResult twice = await kubectl.TryWithInputAsync(ConfigMap, "create", "-f", "-");
        Assert.NotEqual(0, twice.ExitCode);
        Assert.Contains("configmaps \"settings\" already exists", twice.Error, StringComparison.Ordinal);

        Assert.Contains("configmap \"settings\" deleted", await kubectl.RunAsync("delete", "cm", "settings"), StringComparison.Ordinal);
        CommandResult gone = await kubectl.TryAsync("get", "cm", "settings");
        Assert.Contains("configmaps \"settings\" not found", gone.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Apply_Twice_ChangesOnlyWhatDiffers(string binary)
    {
        Kubectl kubectl = await cluster.KubectlAsync(binary);
        Assert.Contains("created", await kubectl.ApplyAsync(ConfigMap), StringComparison.Ordinal);
        Assert.Contains("unchanged", await kubectl.ApplyAsync(ConfigMap), StringComparison.Ordinal);
        Assert.Contains("configured", await kubectl.ApplyAsync(ConfigMap.Replace("color: blue, ", "", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal("{\"size\":\"10\"}", await kubectl.JsonPathAsync("cm/settings", "{.data}"));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Patch_Label_Annotate_Edit(string binary)
    {
        Kubectl kubectl = await cluster.KubectlAsync(binary);
        await kubectl.ApplyAsync(ConfigMap, "create");
        await kubectl.RunAsync("patch", "cm", "settings", "-p", """{"data":{"color":"red"}}""");
        await kubectl.RunAsync("patch", "cm", "settings", "--type=merge", "-p", """{"data":{"size":null}}""");
        await kubectl.RunAsync("patch", "cm", "settings", "--type=json", "-p", """[{"op":"add","path":"/data/shape","value":"round"}]""");
        await kubectl.RunAsync("label", "cm", "settings", "tier=db", "--overwrite");
        await kubectl.RunAsync("annotate", "cm", "settings", "note=kept");
        Assert.Equal("red,,round,db,kept", await kubectl.JsonPathAsync(
            "cm/settings", "{.data.color},{.data.size},{.data.shape},{.metadata.labels.tier},{.metadata.annotations.note}"));
        await kubectl.WithEditor("sed -i s/round/square/").RunAsync("edit", "cm", "settings");
        Assert.Equal("square", await kubectl.JsonPathAsync("cm/settings", "{.data.shape}"));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Run_Logs_Describe_Wait_Delete_Pod(string binary)
    {
        Kubectl kubectl = await cluster.KubectlAsync(binary);
        await kubectl.RunAsync("run", "talker", "--image", Manifests.Image, "--restart=Never", "--command", "--",
            "sh", "-c", "for i in 1 2 3; do echo line $i; done; exec sleep 1000");
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/talker", "--timeout=60s");
        Assert.Matches(@"talker\s+1/1\s+Running\s+0\s", await kubectl.RunAsync("get", "pod", "talker"));
        Assert.Matches(@"NOMINATED NODE", await kubectl.RunAsync("get", "pod", "talker", "-o", "wide"));
        await Poll.UntilEqualAsync("the log", "line 1\nline 2\nline 3\n", () => kubectl.RunAsync("logs", "talker"));
        Assert.Equal("line 3\n", await kubectl.RunAsync("logs", "talker", "--tail=1"));
        string described = await kubectl.RunAsync("describe", "pod", "talker");
        foreach (string part in (string[])["Name:", "talker", "Scheduled", "Started", "Status:", "Running"])
            Assert.Contains(part, described, StringComparison.Ordinal);
        Assert.Contains("deleted", await kubectl.RunAsync("delete", "pod", "talker", "--grace-period=1"), StringComparison.Ordinal);
        Assert.Empty(await Engine.ContainersAsync(kubectl.Namespace));
    }

    [Fact]
    public async Task Logs_Follow_PrintsUntilTheContainerEnds()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.RunAsync("run", "counter", "--image", Manifests.Image, "--restart=Never", "--command", "--",
            "sh", "-c", "for i in 1 2 3 4; do echo tick $i; sleep 1; done");
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/counter", "--timeout=60s");
        Assert.Equal("tick 1\ntick 2\ntick 3\ntick 4\n", await kubectl.RunAsync("logs", "-f", "counter"));
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/counter", "--timeout=30s");
        Assert.Matches(@"counter\s+0/1\s+Completed", await kubectl.RunAsync("get", "pods"));
    }

    [Fact]
    public async Task Get_Watch_PrintsChanges()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(ConfigMap, "create");
        Task<CommandResult> watch = CommandResult.RunAsync(
            "timeout", ["5", Machine.Kubectl132, "--kubeconfig", cluster.Kubeconfig, "-n", kubectl.Namespace, "get", "cm", "settings", "-w", "-o", "jsonpath={.data.color}{\"\\n\"}"],
            TimeSpan.FromSeconds(30));
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        await kubectl.RunAsync("patch", "cm", "settings", "-p", """{"data":{"color":"green"}}""");
        Assert.Equal("blue\ngreen\n", (await watch).Output);
        CommandResult table = await CommandResult.RunAsync(
            "timeout", ["3", Machine.Kubectl132, "--kubeconfig", cluster.Kubeconfig, "-n", kubectl.Namespace, "get", "cm", "-w"], TimeSpan.FromSeconds(30));
        Assert.Matches(@"NAME\s+DATA\s+AGE\s*\n", table.Output);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Deployment_Create_Scale_SetImage_Rollout_Undo_Expose(string binary)
    {
        Kubectl kubectl = await cluster.KubectlAsync(binary);
        await kubectl.RunAsync("create", "deployment", "site", "--image", Manifests.Image);
        // The image's own command ends at once; give it one that stays.
        await kubectl.RunAsync("patch", "deployment", "site", "--type=json", "-p",
            """[{"op":"add","path":"/spec/template/spec/containers/0/command","value":["sleep","100000"]},{"op":"add","path":"/spec/template/spec/terminationGracePeriodSeconds","value":1}]""");
        await kubectl.RunAsync("scale", "deployment/site", "--replicas=3");
        Assert.Contains("successfully rolled out", await kubectl.RunAsync("rollout", "status", "deployment/site", "--timeout=80s"), StringComparison.Ordinal);
        Assert.Matches(@"site\s+3/3\s+3\s+3\s", await kubectl.RunAsync("get", "deployments"));

        await kubectl.RunAsync("set", "image", "deployment/site", "tools=cluster.local/examples/absent:9");
        await Poll.UntilAsync("the new image is seen to be missing", async () =>
            Regex.IsMatch(await kubectl.RunAsync("get", "pods"), "ErrImagePull|ImagePullBackOff"));
        // maxUnavailable 25% of 3 rounds down to 0: the three old pods stay.
        Assert.Equal("3", await kubectl.JsonPathAsync("deployment/site", "{.status.availableReplicas}"));
        await kubectl.RunAsync("rollout", "undo", "deployment/site");
        await kubectl.RunAsync("rollout", "status", "deployment/site", "--timeout=80s");
        Assert.Equal(Manifests.Image, await kubectl.JsonPathAsync("deployment/site", "{.spec.template.spec.containers[0].image}"));
        Assert.Contains("REVISION", await kubectl.RunAsync("rollout", "history", "deployment/site"), StringComparison.Ordinal);

        await kubectl.RunAsync("expose", "deployment", "site", "--port=80", "--target-port=8080");
        Assert.Matches(@"site\s+ClusterIP\s+10\.\d+\.\d+\.\d+\s+<none>\s+80/TCP", await kubectl.RunAsync("get", "service", "site"));
        await Poll.UntilAsync("the service has three endpoints", async () =>
            (await kubectl.JsonPathAsync("endpoints/site", "{.subsets[0].addresses[*].ip}")).Split(' ').Length == 3);
        Assert.Contains("Endpoints:", await kubectl.RunAsync("describe", "service", "site"), StringComparison.Ordinal);
        Assert.Contains("StrategyType:", await kubectl.RunAsync("describe", "deployment", "site"), StringComparison.Ordinal);
        await kubectl.RunAsync("delete", "deployment,service", "site");
        await Poll.UntilAsync("the pods are gone", async () => (await kubectl.RunAsync("get", "pods", "-o", "name")).Trim().Length == 0);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Explain_TellsWhatAFieldIs(string binary)
    {
        Kubectl kubectl = await cluster.KubectlAsync(binary);
        string explained = await kubectl.RunAsync("explain", "pod.spec.containers.image");
        Assert.Contains("<string>", explained, StringComparison.Ordinal);
        Assert.Matches(@"DESCRIPTION:\s+\S+", explained);
        Assert.DoesNotContain("<empty>", explained, StringComparison.Ordinal);
        Assert.Contains("clusterIP", await kubectl.RunAsync("explain", "service.spec"), StringComparison.Ordinal);
        Assert.NotEqual(0, (await kubectl.TryAsync("explain", "pod.spec.nonsense")).ExitCode);
    }

    [Fact]
    public async Task Describe_EveryKind_Works()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(ConfigMap, "create");
        await kubectl.RunAsync("create", "secret", "generic", "hidden", "--from-literal=password=guess");
        foreach (string kind in (string[])["nodes", "namespaces", "configmaps", "secrets", "serviceaccounts", "endpoints", "services", "events", "leases"])
            (await kubectl.TryAsync("describe", kind)).Succeeded();
        Assert.DoesNotContain("guess", await kubectl.RunAsync("describe", "secret", "hidden"), StringComparison.Ordinal);
        Assert.Contains("Allocatable:", await kubectl.RunAsync("describe", "nodes"), StringComparison.Ordinal);
        Assert.Matches(@"\sReady\s", await kubectl.RunAsync("get", "nodes"));
        await kubectl.RunAsync("cluster-info");
    }

    [Fact]
    public async Task DeleteNamespace_TakesAllWithIt()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(ConfigMap, "create");
        await kubectl.ApplyAsync(Manifests.SleepingPod("sleeper"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/sleeper", "--timeout=60s");
        await kubectl.RunAsync("delete", "namespace", kubectl.Namespace, "--timeout=60s");
        CommandResult gone = await kubectl.TryAsync("get", "namespace", kubectl.Namespace);
        Assert.Contains("not found", gone.Error, StringComparison.Ordinal);
        Assert.Empty(await Engine.ContainersAsync(kubectl.Namespace));
    }
}
