using System.Diagnostics;
using System.Text.RegularExpressions;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>The commands of kubectl that ask nothing of a controller or a kubelet, of both releases, against the real server.</summary>
public sealed class KubectlCommandsTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string Map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, labels: {app: LABEL}}\ndata: {a: VALUE}\n";

    public static TheoryData<string> Releases => ["1.32", "1.20"];

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Replace_AndByForce_MakeAnotherObject(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        await kubectl("create -f -", MapOf("one", "1"));
        var uid = await kubectl("get cm one -o jsonpath={.metadata.uid}");
        Assert.Equal("configmap/one replaced\n", await kubectl("replace -f -", MapOf("one", "2")));
        Assert.Equal($"2 {uid}", await kubectl("get cm one -o jsonpath={.data.a}~{.metadata.uid}"));
        Assert.Equal("configmap \"one\" deleted\nconfigmap/one replaced\n", await kubectl("replace --force -f -", MapOf("one", "3")));
        var (value, other) = (await kubectl("get cm one -o jsonpath={.data.a}"), await kubectl("get cm one -o jsonpath={.metadata.uid}"));
        Assert.Equal("3", value);
        Assert.NotEqual(uid, other);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Get_SortedAndAsNames_AndDeleteOfASelection(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        foreach (var (name, value) in new[] { ("a", "3"), ("b", "1"), ("c", "2") })
            await kubectl("create -f -", MapOf(name, value));
        Assert.Equal("configmap/b\nconfigmap/c\nconfigmap/a\n", await kubectl("get cm --sort-by={.data.a} -o name"));
        Assert.Matches(@"^NAME +DATA +AGE\nb +1 +\d+s?\nc ", await kubectl("get cm --sort-by={.data.a}"));
        Assert.Equal("NAME~V\na~3\nb~1\nc~2\n", Regex.Replace(await kubectl("get cm -o custom-columns=NAME:.metadata.name,V:.data.a"), " +", "~"));
        await kubectl("label cm a b app=gone --overwrite");
        Assert.Equal("configmap \"a\" deleted\nconfigmap \"b\" deleted\n", await kubectl("delete cm -l app=gone"));
        Assert.Equal("configmap \"c\" deleted\n", await kubectl("delete cm --all"));
        Assert.Equal("", await kubectl("get cm -o name"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Apply_WithPrune_DeletesWhatIsLeftOut(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        await kubectl("apply -f -", MapOf("kept", "1") + "---\n" + MapOf("left", "1"));
        // The older one's own list of kinds to prune holds some that no later server has.
        var kinds = release == "1.20" ? "--prune-whitelist=core/v1/ConfigMap" : "--prune-allowlist=core/v1/ConfigMap";
        var said = await kubectl($"apply --prune {kinds} -l app=web -f -", MapOf("kept", "2"));
        Assert.Contains("configmap/kept configured\n", said, StringComparison.Ordinal);
        Assert.Contains("configmap/left pruned\n", said, StringComparison.Ordinal);
        Assert.Equal("configmap/kept\n", await kubectl("get cm -o name"));
        Assert.Matches("(?m)^-  a: \"2\"$", await kubectl("diff -f -", MapOf("kept", "5"), exitCode: 1));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Deployment_SetEnvResourcesAndRolloutCommands_ChangeTheTemplate(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        await kubectl("create deployment web --image=i");
        Assert.Equal("deployment.apps/web env updated\n", await kubectl("set env deployment/web COLOR=blue"));
        Assert.Equal("deployment.apps/web resource requirements updated\n", await kubectl("set resources deployment/web --requests=cpu=100m --limits=cpu=200m"));
        Assert.Equal("deployment.apps/web image updated\n", await kubectl("set image deployment/web i=j:2"));
        Assert.Equal("blue 100m 200m j:2", await kubectl(
            "get deployment web -o jsonpath={.spec.template.spec.containers[0].env[0].value}~{..requests.cpu}~{..limits.cpu}~{..containers[0].image}"));
        Assert.Equal("deployment.apps/web paused\n", await kubectl("rollout pause deployment/web"));
        Assert.Equal("true", await kubectl("get deployment web -o jsonpath={.spec.paused}"));
        Assert.Equal("deployment.apps/web resumed\n", await kubectl("rollout resume deployment/web"));
        Assert.Equal("deployment.apps/web restarted\n", await kubectl("rollout restart deployment/web"));
        Assert.Matches(@"^\d{4}-", await kubectl(@"get deployment web -o jsonpath={.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt}"));
        Assert.Equal("deployment.apps/web scaled\n", await kubectl("scale deployment/web --replicas=4 --current-replicas=1"));
        Assert.Contains("Waiting for deployment", await kubectl("rollout status deployment/web --watch=false"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Node_TaintCordonDrainUncordon(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        var node = "node-" + release.Replace('.', '-');
        await kubectl("create -f -", $"apiVersion: v1\nkind: Node\nmetadata: {{name: {node}}}\n");
        Assert.Equal($"node/{node} tainted\n", await kubectl($"taint node {node} dedicated=db:NoSchedule"));
        Assert.Equal("dedicated=db:NoSchedule", await kubectl($"get node {node} -o jsonpath={{.spec.taints[0].key}}={{.spec.taints[0].value}}:{{.spec.taints[0].effect}}"));
        Assert.Equal($"node/{node} untainted\n", await kubectl($"taint node {node} dedicated-"));
        Assert.Equal($"node/{node} cordoned\n", await kubectl($"cordon {node}"));
        Assert.Matches($@"\n{node} +\S+,SchedulingDisabled ", await kubectl("get nodes"));
        Assert.Equal($"node/{node} uncordoned\n", await kubectl($"uncordon {node}"));

        await kubectl("create serviceaccount default");
        foreach (var pod in new[] { "a", "b" })
            await kubectl("create -f -", $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {pod}}}\nspec: {{nodeName: {node}, containers: [{{name: c, image: i}}]}}\n");
        var refused = await kubectl($"drain {node} --grace-period=0", exitCode: 1);
        Assert.Contains("cannot delete", refused, StringComparison.OrdinalIgnoreCase);
        var drained = await kubectl($"drain {node} --grace-period=0 --force");
        Assert.Contains($"evicting pod {Namespace(release, nameof(Node_TaintCordonDrainUncordon))}/a", drained, StringComparison.Ordinal);
        Assert.Matches($@"node/{node} (evicted|drained)\n$", drained);
        Assert.Equal("", await kubectl("get pods -o name"));
        Assert.Equal("true", await kubectl($"get node {node} -o jsonpath={{.spec.unschedulable}}"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Auth_Reconcile_MakesAndAmendsRoles(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        var ns = Namespace(release, nameof(Auth_Reconcile_MakesAndAmendsRoles));
        var role = $"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: reader, namespace: {ns}}}\nrules: [{{apiGroups: [\"\"], resources: [pods], verbs: [VERBS]}}]\n";
        Assert.Contains("reader reconciled", await kubectl("auth reconcile -f -", role.Replace("VERBS", "get", StringComparison.Ordinal)), StringComparison.Ordinal);
        await kubectl("auth reconcile -f -", role.Replace("VERBS", "list", StringComparison.Ordinal));
        Assert.Equal("[\"get\"] [\"list\"]", await kubectl("get role reader -o jsonpath={.rules[0].verbs}~{.rules[1].verbs}"));
        Assert.Equal("yes\n", await kubectl("auth can-i delete pods"));
        Assert.Contains("*.*", await kubectl("auth can-i --list"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task ClusterInfo_Top_Config_AndTheRest_Answer(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        Assert.Contains("is running at", await kubectl("cluster-info"), StringComparison.Ordinal);
        Assert.Contains("\"kind\": \"NodeList\"", await kubectl("cluster-info dump --namespaces kube-system"), StringComparison.Ordinal);
        // Kubernetes' own answer where no metrics server has been added.
        Assert.Contains("Metrics API not available", await kubectl("top pods", exitCode: 1), StringComparison.Ordinal);
        Assert.Contains("Metrics API not available", await kubectl("top nodes", exitCode: 1), StringComparison.Ordinal);
        Assert.Equal(rig.Url.GetLeftPart(UriPartial.Authority), await kubectl("config view --minify -o jsonpath={.clusters[0].cluster.server}"));
        Assert.Contains("apps/v1", await kubectl("api-versions"), StringComparison.Ordinal);
        Assert.Matches(@"configmaps +cm +v1 +true +ConfigMap", await kubectl("api-resources"));
        Assert.Contains("Server Version", await kubectl("version"), StringComparison.Ordinal);
        await kubectl("create service clusterip web --tcp=80");
        Assert.Equal("service/again exposed\n", await kubectl("expose service web --name=again --port=81"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Apply_OnTheServer_TellsOfConflictsAndTakesByForce(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        await kubectl("apply --server-side --field-manager=first -f -", MapOf("one", "1"));
        var refused = await kubectl("apply --server-side --field-manager=second -f -", MapOf("one", "2"), exitCode: 1);
        Assert.Contains("conflict with \"first\"", refused, StringComparison.Ordinal);
        Assert.Contains(".data.a", refused, StringComparison.Ordinal);
        Assert.Equal("configmap/one serverside-applied\n", await kubectl("apply --server-side --force-conflicts --field-manager=second -f -", MapOf("one", "2")));
        Assert.Equal("2", await kubectl("get cm one -o jsonpath={.data.a}"));
        Assert.Contains("serverside-applied (server dry run)", await kubectl("apply --server-side --dry-run=server --field-manager=second -f -", MapOf("one", "3")), StringComparison.Ordinal);
        Assert.Equal("2", await kubectl("get cm one -o jsonpath={.data.a}"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Create_ByGenerators_AndAutoscale_MakeEachKind(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        foreach (var (command, said) in new[]
        {
            ("create configmap c --from-literal=a=1", "configmap/c created"), ("create secret generic s --from-literal=a=1", "secret/s created"),
            ("create job j --image=i", "job.batch/j created"), ("create cronjob n --image=i --schedule=@daily", "cronjob.batch/n created"),
            ("create role r --verb=get --resource=pods", "role.rbac.authorization.k8s.io/r created"),
            ("create rolebinding b --role=r --user=jane", "rolebinding.rbac.authorization.k8s.io/b created"),
            ("create quota q --hard=pods=3", "resourcequota/q created"), ("create pdb p --selector=app=web --min-available=1", "poddisruptionbudget.policy/p created"),
            ("create deployment web --image=i", "deployment.apps/web created"),
            ("autoscale deployment web --min=1 --max=3 --cpu-percent=50", "horizontalpodautoscaler.autoscaling/web autoscaled"),
        })
            Assert.Equal(said + "\n", await kubectl(command));
        Assert.Equal("Deployment web 1 3", await kubectl("get hpa web -o jsonpath={.spec.scaleTargetRef.kind}~{.spec.scaleTargetRef.name}~{.spec.minReplicas}~{.spec.maxReplicas}"));
        Assert.Matches(@"\nweb +Deployment/web ", await kubectl("get hpa"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Certificate_ApproveAndDeny_WriteTheVerdict(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        var (wanted, unwanted) = ("wanted-" + release.Replace('.', '-'), "unwanted-" + release.Replace('.', '-'));
        await kubectl("create -f -", Kinds.SigningRequest.Manifest(wanted));
        await kubectl("create -f -", Kinds.SigningRequest.Manifest(unwanted));
        Assert.Equal($"certificatesigningrequest.certificates.k8s.io/{wanted} approved\n", await kubectl($"certificate approve {wanted}"));
        Assert.Equal($"certificatesigningrequest.certificates.k8s.io/{unwanted} denied\n", await kubectl($"certificate deny {unwanted}"));
        Assert.Equal("Approved KubectlApprove", await kubectl($"get csr {wanted} -o jsonpath={{.status.conditions[0].type}}~{{.status.conditions[0].reason}}"));
        Assert.Equal("Denied KubectlDeny", await kubectl($"get csr {unwanted} -o jsonpath={{.status.conditions[0].type}}~{{.status.conditions[0].reason}}"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Describe_OfEachKindThatAsksForOthers_ShowsItAndThem(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        var node = "described-" + release.Replace('.', '-');
        const string template = "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}";
        await kubectl("create serviceaccount default");
        await kubectl("create -f -", string.Join("---\n",
            $"apiVersion: v1\nkind: Node\nmetadata: {{name: {node}}}\n",
            $"apiVersion: v1\nkind: Pod\nmetadata: {{name: web-pod, labels: {{a: b}}}}\nspec: {{nodeName: {node}, containers: [{{name: c, image: i}}]}}\n",
            $"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{{template}}}\n",
            $"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: web}}\nspec: {{{template}}}\n",
            $"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: web}}\nspec: {{{template}}}\n",
            $"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: web}}\nspec: {{serviceName: web, {template}}}\n",
            "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: web}\nspec: {selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n",
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n",
            "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: counted}\nspec: {hard: {pods: 9}}\n",
            "apiVersion: v1\nkind: LimitRange\nmetadata: {name: bounded}\nspec: {limits: [{type: Container, max: {cpu: 2}}]}\n"));
        foreach (var kind in new[] { "deployment", "replicaset", "daemonset", "statefulset", "replicationcontroller", "service", "ingress" })
            Assert.Matches(@"(?m)^Name: +web$(.|\n)*^Events: ", await kubectl($"describe {kind} web"));
        Assert.Matches(@"(?m)^Name: +default$", await kubectl("describe serviceaccount default"));
        // What begins so, where nothing has the very name.
        Assert.Matches(@"(?m)^Name: +web-pod$", await kubectl("describe pod web-p"));
        Assert.Matches($@"(?m)^Non-terminated Pods: +\(1 in total\)(.|\n)* web-pod ", await kubectl($"describe node {node}"));
        Assert.Matches(@"(?m)^ *Name: +counted(.|\n)*^Resource Limits", await kubectl($"describe namespace {Namespace(release, nameof(Describe_OfEachKindThatAsksForOthers_ShowsItAndThem))}"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Get_Watching_PrintsEachChange_AndWaitKnowsConditions(string release)
    {
        var kubectl = await InNewNamespaceAsync(release);
        var ns = Namespace(release, nameof(Get_Watching_PrintsEachChange_AndWaitKnowsConditions));
        await kubectl("create -f -", MapOf("one", "1"));
        var start = new ProcessStartInfo(Program(release), ["--kubeconfig", rig.Pki.AdminKubeconfig, "-n", ns, "get", "cm", "one", "--watch", "-o", "custom-columns=V:.data.a"])
        {
            RedirectStandardOutput = true,
        };
        using var watching = Process.Start(start)!;
        try
        {
            Assert.Equal(("V", "1"), (await LineAsync(), await LineAsync()));
            await kubectl("patch cm one --type=merge -p {\"data\":{\"a\":\"2\"}}");
            Assert.Equal("2", await LineAsync());
        }
        finally
        {
            watching.Kill();
        }

        var node = "waited-" + release.Replace('.', '-');
        await kubectl("create -f -", $"apiVersion: v1\nkind: Node\nmetadata: {{name: {node}}}\nstatus: {{conditions: [{{type: Ready, status: 'True'}}]}}\n");
        Assert.Equal($"node/{node} condition met\n", await kubectl($"wait node/{node} --for=condition=Ready --timeout=50s"));
        Assert.Contains("timed out waiting", await kubectl($"wait node/{node} --for=delete --timeout=1s", exitCode: 1), StringComparison.Ordinal);

        async Task<string?> LineAsync() => (await watching.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))?.TrimEnd();
    }

    [Fact]
    public async Task Subresources_OfTheNewerRelease_AreReadAndPatched()
    {
        var kubectl = await InNewNamespaceAsync("1.32");
        await kubectl("create deployment web --image=i --replicas=2");
        Assert.Equal("Scale 2", await kubectl("get deployment web --subresource=scale -o jsonpath={.kind}~{.spec.replicas}"));
        await kubectl("patch deployment web --subresource=status --type=merge -p {\"status\":{\"observedGeneration\":1}}");
        Assert.Equal("1", await kubectl("get deployment web --subresource=status -o jsonpath={.status.observedGeneration}"));
        await kubectl("patch deployment web --subresource=scale --type=merge -p {\"spec\":{\"replicas\":3}}");
        Assert.Equal("3", await kubectl("get deployment web -o jsonpath={.spec.replicas}"));
        Assert.Matches(@"Username +\S+", await kubectl("auth whoami"));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Proxy_PassesRequestsOn(string release)
    {
        await InNewNamespaceAsync(release);
        var start = new ProcessStartInfo(Program(release), ["--kubeconfig", rig.Pki.AdminKubeconfig, "proxy", "--port=0"]) { RedirectStandardOutput = true };
        using var proxy = Process.Start(start)!;
        try
        {
            var line = await proxy.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            var address = Regex.Match(line ?? "", @"127\.0\.0\.1:\d+").Value;
            using var client = new HttpClient();
            Assert.Contains("\"kind\": \"Namespace\"", await client.GetStringAsync($"http://{address}/api/v1/namespaces/default?pretty=1", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        finally
        {
            proxy.Kill();
        }
    }

    [Fact]
    public async Task Debug_Events_AndDeletesInOtherWays_OfTheNewerRelease()
    {
        var kubectl = await InNewNamespaceAsync("1.32");
        await kubectl("create serviceaccount default");
        await kubectl("create -f -", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: i}]}\n");
        await kubectl("debug web --image=tools --attach=false -c eyes");
        Assert.Equal("eyes tools", await kubectl("get pod web -o jsonpath={.spec.ephemeralContainers[0].name}~{.spec.ephemeralContainers[0].image}"));
        await kubectl("debug web --image=tools --attach=false --copy-to=copy");
        Assert.Equal("i tools", await kubectl("get pod copy -o jsonpath={.spec.containers[*].image}"));

        await kubectl("create -f -", "apiVersion: v1\nkind: Event\nmetadata: {name: e}\ninvolvedObject: {kind: Pod, name: web, apiVersion: v1, namespace: NS}\nreason: Looked\nmessage: all well\ntype: Normal\n"
            .Replace("NS", Namespace("1.32", nameof(Debug_Events_AndDeletesInOtherWays_OfTheNewerRelease)), StringComparison.Ordinal));
        Assert.Matches(@"Normal +Looked +Pod/web +all well", await kubectl("events --for=pod/web"));
        // That there are none is said among the errors.
        Assert.Equal("", await kubectl("events --types=Warning"));
        await kubectl("create -f -", "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: rc}\nspec: {selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n");
        await kubectl("delete rc rc --cascade=orphan --wait=false");
        Assert.Equal("[\"orphan\"]", await kubectl("get rc rc -o jsonpath={.metadata.finalizers}"));
        Assert.StartsWith("pod \"web\" force deleted", await kubectl("delete pod web --force --grace-period=0"), StringComparison.Ordinal);
    }

    private static string MapOf(string name, string value) => Map
        .Replace("NAME", name, StringComparison.Ordinal).Replace("LABEL", "web", StringComparison.Ordinal).Replace("VALUE", $"\"{value}\"", StringComparison.Ordinal);

    private static string Program(string release)
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        if (release != "1.20")
            return KubectlProgram.Path;

        Assert.SkipWhen(KubectlProgram.Older is null, "there is no kubectl 1.20 beside the other");
        return KubectlProgram.Older!;
    }

    private static string Namespace(string release, string test) => $"{test.ToLowerInvariant().Replace('_', '-')[..20].TrimEnd('-')}-{release.Replace('.', '-')}";

    private delegate Task<string> Kubectl(string arguments, string? input = null, int exitCode = 0);

    // Output and errors in one where the command fails: what it says is in either. A tilde in jsonpath is a space.
    private async Task<Kubectl> InNewNamespaceAsync(string release, [System.Runtime.CompilerServices.CallerMemberName] string test = "")
    {
        var program = Program(release);
        var ns = Namespace(release, test);
        await RunAsync($"create namespace {ns}", null, 0);
        return (arguments, input, exitCode) => RunAsync($"-n {ns} {arguments}", input, exitCode);

        async Task<string> RunAsync(string arguments, string? input, int exitCode)
        {
            var words = arguments.Split(' ').Select(word => word.StartsWith("jsonpath=", StringComparison.Ordinal) ? word.Replace('~', ' ') : word);
            var result = await rig.KubectlAsync(input, program, [.. words]);
            Assert.True(result.ExitCode == exitCode, $"kubectl {arguments} ended with {result.ExitCode}: {result.Errors}{result.Output}");
            return exitCode == 0 ? result.Output : result.Output + result.Errors;
        }
    }
}
