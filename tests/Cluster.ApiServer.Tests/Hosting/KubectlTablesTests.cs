using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>What kubectl prints of our tables, selectors and refusals. Skipped where kubectl is not installed.</summary>
public sealed class KubectlTablesTests(ApiServerRig rig) : IClassFixture<ApiServerRig>, IAsyncLifetime
{
    private const string Pod = """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"NAME","labels":{"app":"NAME"}},
         "spec":{"containers":[{"name":"main","image":"web:1","ports":[{"containerPort":80}]}]}}
        """;

    /// <summary>Pods need an account; no controller makes it here. From the second test on it is there already.</summary>
    public async ValueTask InitializeAsync()
    {
        if (KubectlProgram.CanRun)
        {
            await rig.KubectlAsync(null, "create", "serviceaccount", "default");
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Get_Pod_ShowsReadyStatusAndRestarts()
    {
        await RunAsync(Named("shown"), "create", "-f", "-");
        Assert.Matches(@"^NAME +READY +STATUS +RESTARTS +AGE\nshown +0/1 +Pending +0 +\d+s\n$", (await RunAsync(null, "get", "pod", "shown")).Output);

        await RunAsync(
            null, "patch", "pod", "shown", "--subresource=status", "--type=merge", "-p",
            """
            {"status":{"phase":"Running","podIPs":[{"ip":"10.244.0.7"}],"containerStatuses":[{"name":"main","image":"web:1","imageID":"",
             "ready":false,"restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}}
            """);

        Assert.Matches(
            @"\nshown +0/1 +CrashLoopBackOff +4 +\d+s +10.244.0.7 +<none> +<none> +<none>\n$",
            (await RunAsync(null, "get", "pod", "shown", "-o", "wide")).Output);
    }

    [Fact]
    public async Task Get_Service_ShowsAddressAndPorts()
    {
        await RunAsync(null, "create", "service", "nodeport", "front", "--tcp=80:8080", "--node-port=30123");

        Assert.Matches(
            @"^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\nfront +NodePort +10\.96\.\d+\.\d+ +<none> +80:30123/TCP +\d+s +app=front\n$",
            (await RunAsync(null, "get", "svc", "front", "-o", "wide")).Output);
    }

    [Fact]
    public async Task Get_Deployment_ShowsReadyOfWanted()
    {
        await RunAsync(null, "create", "deployment", "front", "--image=web:1", "--replicas=3");

        Assert.Matches(
            @"^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nfront +0/3 +0 +0 +\d+s +web +web:1 +app=front\n$",
            (await RunAsync(null, "get", "deploy", "front", "-o", "wide")).Output);
    }

    [Fact]
    public async Task Get_Node_ShowsStatusAndRoles()
    {
        await RunAsync(
            """
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"n1","labels":{"node-role.kubernetes.io/worker":""}},
             "status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"192.0.2.9"}],
             "nodeInfo":{"kubeletVersion":"v1.32.3","osImage":"Debian","kernelVersion":"6","containerRuntimeVersion":"docker://20",
             "machineID":"","systemUUID":"","bootID":"","kubeProxyVersion":"","operatingSystem":"linux","architecture":"amd64"}}}
            """,
            "create", "-f", "-");
        await RunAsync(null, "cordon", "n1");

        Assert.Matches(
            @"\nn1 +Ready,SchedulingDisabled +worker +\d+s +v1.32.3 +192.0.2.9 +<none> +Debian +6 +docker://20\n$",
            (await RunAsync(null, "get", "node", "n1", "-o", "wide")).Output);
        await RunAsync(null, "delete", "node", "n1");
    }

    [Fact]
    public async Task Get_Events_ShowsWhatHappenedToWhat()
    {
        await RunAsync(
            """
            {"apiVersion":"v1","kind":"Event","metadata":{"name":"e1","namespace":"default"},"involvedObject":{"kind":"Pod","name":"web","namespace":"default"},
             "reason":"Scheduled","message":"put on n1","type":"Normal","count":1}
            """,
            "create", "-f", "-");

        Assert.Matches(
            @"^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n<unknown> +Normal +Scheduled +pod/web +put on n1\n$",
            (await RunAsync(null, "get", "events", "--field-selector", "involvedObject.name=web")).Output);
    }

    [Fact]
    public async Task Get_AllOfANamespace_ListsEveryKindInOneGo()
    {
        await RunAsync(null, "create", "namespace", "crowded");
        await RunAsync(null, "create", "deployment", "web", "--image=web:1", "-n", "crowded");
        await RunAsync(null, "create", "service", "clusterip", "web", "--tcp=80", "-n", "crowded");

        var output = (await RunAsync(null, "get", "all", "-n", "crowded")).Output;

        Assert.Contains("service/web", output, StringComparison.Ordinal);
        Assert.Contains("deployment.apps/web", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_ByLabelAndField_ChoosesObjects()
    {
        await RunAsync(Named("chosen"), "create", "-f", "-");

        Assert.Equal("pod/chosen\n", (await RunAsync(null, "get", "pods", "-l", "app in (chosen,other),!gone", "-o", "name")).Output);
        Assert.Equal("pod/chosen\n", (await RunAsync(null, "get", "pods", "--field-selector", "metadata.name=chosen,status.phase!=Failed", "-o", "name")).Output);
    }

    [Theory]
    [InlineData("-l", "a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("--field-selector", "spec.image=x", "field label not supported: spec.image")]
    public async Task Get_BadSelector_IsRefusedInKubernetesWords(string flag, string selector, string message)
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        var result = await rig.KubectlAsync(null, "get", "pods", flag, selector);

        Assert.Contains("Error from server (BadRequest): ", result.Errors, StringComparison.Ordinal);
        Assert.Contains(message, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_InvalidPod_PrintsEveryCause()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        var manifest = Named("Bad").Replace("\"image\":\"web:1\"", "\"imagePullPolicy\":\"Often\"", StringComparison.Ordinal);
        var result = await rig.KubectlAsync(manifest, "create", "--validate=false", "-f", "-");

        Assert.StartsWith("The Pod \"Bad\" is invalid: \n* metadata.name: Invalid value: \"Bad\": a lowercase RFC 1123 subdomain", result.Errors, StringComparison.Ordinal);
        Assert.Contains("\n* spec.containers[0].image: Required value\n", result.Errors, StringComparison.Ordinal);
        Assert.Contains(
            "\n* spec.containers[0].imagePullPolicy: Unsupported value: \"Often\": supported values: \"Always\", \"IfNotPresent\", \"Never\"\n",
            result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patch_PodSpec_IsForbiddenButTheImageIsNot()
    {
        await RunAsync(Named("fixed"), "create", "-f", "-");
        Assert.Equal("pod/fixed image updated\n", (await RunAsync(null, "set", "image", "pod/fixed", "main=web:2")).Output);

        var result = await rig.KubectlAsync(null, "patch", "pod", "fixed", "-p", """{"spec":{"hostname":"other"}}""");

        Assert.Contains("The Pod \"fixed\" is invalid: spec: Forbidden: pod updates may not change fields other than", result.Errors, StringComparison.Ordinal);
        Assert.Contains("changed: spec.hostname", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Label_Deployment_IsNoNewGeneration()
    {
        await RunAsync(null, "create", "deployment", "steady", "--image=web:1");
        await RunAsync(null, "label", "deployment", "steady", "tier=front");
        Assert.Equal("1", (await RunAsync(null, "get", "deployment", "steady", "-o", "jsonpath={.metadata.generation}")).Output);

        await RunAsync(null, "set", "image", "deployment/steady", "web=web:2");
        Assert.Equal("2", (await RunAsync(null, "get", "deployment", "steady", "-o", "jsonpath={.metadata.generation}")).Output);
    }

    [Fact]
    public async Task Label_Pod_IsNotRefused()
    {
        await RunAsync(Named("labelled"), "create", "-f", "-");

        Assert.Equal("pod/labelled labeled\n", (await RunAsync(null, "label", "pod", "labelled", "tier=front")).Output);
    }

    [Fact]
    public async Task Describe_NewObjects_NamesThem()
    {
        await RunAsync(Named("told"), "create", "-f", "-");
        await RunAsync(null, "create", "service", "clusterip", "told", "--tcp=80");

        Assert.Matches(@"(?m)^QoS Class: +BestEffort$", (await RunAsync(null, "describe", "pod", "told")).Output);
        Assert.Matches(@"(?m)^Session Affinity: +None$", (await RunAsync(null, "describe", "service", "told")).Output);
    }

    [Fact]
    public async Task Explain_Fields_TellsOurOwnWords()
    {
        Assert.Contains(
            "The image to run; without a tag, latest is meant.",
            (await RunAsync(null, "explain", "pod.spec.containers.image")).Output, StringComparison.Ordinal);
        Assert.Contains(
            "Keeps a number of equal pods running", (await RunAsync(null, "explain", "deployment")).Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    private static string Named(string name) => Pod.Replace("NAME", name, StringComparison.Ordinal);

    private async Task<KubectlResult> RunAsync(string? input, params string[] arguments)
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        var result = await rig.KubectlAsync(input, arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {result.Errors}");
        return result;
    }
}
