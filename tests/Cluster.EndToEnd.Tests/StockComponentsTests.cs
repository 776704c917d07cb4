using System.Net;

namespace Cluster.EndToEnd.Tests;

/// <summary>Kubernetes' own scheduler, controller manager and proxy do their work against our API server.</summary>
[Collection(SharedStockControlPlane.Name)]
public sealed class StockComponentsTests(StockControlPlane plane)
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: main, image: web, ports: [{containerPort: 8080}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
        """;

    private const string Sets = """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: everywhere}
        spec:
          selector: {matchLabels: {app: everywhere}}
          template: {metadata: {labels: {app: everywhere}}, spec: {containers: [{name: main, image: web}]}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: ordered}
        spec:
          serviceName: ordered
          replicas: 2
          selector: {matchLabels: {app: ordered}}
          template: {metadata: {labels: {app: ordered}}, spec: {containers: [{name: main, image: web}]}}
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: {name: once}
        spec: {completions: 3, parallelism: 2, template: {spec: {restartPolicy: Never, containers: [{name: main, image: web}]}}}
        """;

    /// <summary>How the components say that the API server did not understand them, or they not it.</summary>
    private static readonly string[] Complaints =
    [
        "could not find the requested resource", "Failed to watch", "unable to decode", "is forbidden", "Unauthorized", "is invalid",
        "extension-apiserver-authentication\" not found", "unexpected object", "cannot unmarshal", "illegal wireType", "leaderelection lost",
    ];

    [Fact]
    public async Task Deployment_ScalesRollsOutAndIsDeletedWithAllItOwns()
    {
        Kubectl kubectl = await plane.KubectlAsync();
        await kubectl.ApplyAsync(Web);
        await kubectl.RunAsync("rollout", "status", "deployment/web", "--timeout=60s");
        await kubectl.RunAsync("scale", "deployment/web", "--replicas=4");
        await kubectl.RunAsync("patch", "deployment/web", "-p", """{"spec":{"template":{"metadata":{"annotations":{"version":"2"}}}}}""");
        await kubectl.RunAsync("rollout", "status", "deployment/web", "--timeout=60s");
        Assert.Equal("4 4", await kubectl.JsonPathAsync("deployment/web", "{.status.updatedReplicas} {.status.availableReplicas}"));

        await kubectl.RunAsync("delete", "deployment", "web");
        await Poll.UntilAsync("what it owned is gone", async () => (await kubectl.RunAsync("get", "rs,pods", "-o", "name")).Trim().Length == 0);
        AssertHealthy();
    }

    [Fact]
    public async Task Service_HasItsPodsInEndpointsAndSlices()
    {
        Kubectl kubectl = await plane.KubectlAsync();
        await kubectl.ApplyAsync(Web);
        await kubectl.RunAsync("rollout", "status", "deployment/web", "--timeout=60s");
        string[] pods = Sorted(await kubectl.JsonPathAsync("pods", "{.items[*].status.podIP}"));
        Assert.Equal(2, pods.Length);
        await Poll.UntilAsync("the slice has them", async () => Sorted(await kubectl.JsonPathAsync("endpointslices.v1beta1.discovery.k8s.io", "{.items[*].endpoints[*].addresses[*]}")).SequenceEqual(pods));
        await Poll.UntilAsync("the endpoints have them", async () => Sorted(await kubectl.JsonPathAsync("endpoints/web", "{.subsets[*].addresses[*].ip}")).SequenceEqual(pods));
        // The controller replaces its first, empty slice by an update that leaves the server's own metadata out.
        Assert.NotEqual("", await kubectl.JsonPathAsync("endpointslices", "{.items[0].metadata.creationTimestamp}"));
        await Poll.UntilAsync("the proxy has its rules", async () => (await StockControlPlane.InsideAsync("iptables-save", "-t", "nat")).Output is var rules
            && pods.All(pod => rules.Contains($"--to-destination {pod}:8080", StringComparison.Ordinal)));
        AssertHealthy();
    }

    [Fact]
    public async Task SetsAndJobs_AreDone_AndTheNamespaceTerminates()
    {
        Kubectl kubectl = await plane.KubectlAsync();
        await kubectl.ApplyAsync(Sets);
        await kubectl.RunAsync("wait", "--for=condition=complete", "job/once", "--timeout=60s");
        await kubectl.RunAsync("rollout", "status", "daemonset/everywhere", "--timeout=60s");
        await kubectl.RunAsync("rollout", "status", "statefulset/ordered", "--timeout=60s");
        Assert.Equal("3", await kubectl.JsonPathAsync("job/once", "{.status.succeeded}"));
        Assert.Equal("stock-1 stock-2", string.Join(' ', Sorted(await kubectl.JsonPathAsync("pods", "{.items[*].spec.nodeName}", "-l", "app=everywhere"))));
        Assert.Equal("ordered-0 ordered-1", await kubectl.JsonPathAsync("pods", "{.items[*].metadata.name}", "-l", "app=ordered"));

        await kubectl.RunAsync("delete", "job", "once");
        await Poll.UntilAsync("the job's pods are collected", async () => (await kubectl.RunAsync("get", "pods", "-l", "job-name=once", "-o", "name")).Trim().Length == 0);
        await kubectl.RunAsync("delete", "namespace", kubectl.Namespace, "--timeout=80s");
        AssertHealthy();
    }

    [Fact]
    public async Task Proxy_CarriesTrafficToTheSlicesEndpoints()
    {
        Kubectl kubectl = await plane.KubectlAsync();
        await RequireRandomRulesAsync();
        IPAddress[] hosts = [StockControlPlane.HostAddress, StockControlPlane.OtherHostAddress];
        await using var servers = new NameServers(hosts);
        await kubectl.ApplyAsync("""
            apiVersion: v1
            kind: Service
            metadata: {name: plain}
            spec: {ports: [{port: 80}]}
            """);
        foreach ((int port, int i) in servers.Ports.Select((port, i) => (port, i)))
        {
            await kubectl.ApplyAsync($$$"""
                apiVersion: discovery.k8s.io/v1beta1
                kind: EndpointSlice
                metadata: {name: plain-{{{i}}}, labels: {kubernetes.io/service-name: plain}}
                addressType: IPv4
                ports: [{port: {{{port}}}}]
                endpoints: [{addresses: [{{{hosts[i]}}}], conditions: {ready: true}}]
                """);
        }

        string ip = await kubectl.JsonPathAsync("service/plain", "{.spec.clusterIP}");
        await Poll.UntilAsync("both have answered", async () => await AskAsync(ip) == "ab");
        await kubectl.RunAsync("delete", "endpointslice", "plain-0");
        await Poll.UntilAsync("only the second answers", async () => await AskAsync(ip) == "b");
        AssertHealthy();
    }

    // Each of kube-proxy's rules but a service's last is taken at random; without the match its whole restore fails.
    private static async Task RequireRandomRulesAsync()
    {
        CommandResult rule = await StockControlPlane.InsideAsync(
            "iptables", "-t", "filter", "-I", "OUTPUT", "-d", "192.0.2.1", "-m", "statistic", "--mode", "random", "--probability", "0.5", "-j", "ACCEPT");
        Assert.SkipUnless(rule.ExitCode == 0, $"the kernel has no rules that match at random (xt_statistic), which kube-proxy needs: {rule.Error.Trim()}");
    }

    /// <summary>Which servers answer twelve connections, sorted.</summary>
    private static async Task<string> AskAsync(string ip)
    {
        CommandResult answers = await StockControlPlane.InsideAsync(
            "timeout", "10", "bash", "-c", $"for i in {{1..12}}; do exec 3<>/dev/tcp/{ip}/80 && cat <&3; exec 3>&-; done");
        return string.Concat(answers.Succeeded().Output.Distinct().Order());
    }

    // A controller that still fills a namespace which is being deleted is refused, as it should be.
    private static bool IsComplaint(string line) =>
        Complaints.Any(complaint => line.Contains(complaint, StringComparison.Ordinal)) && !line.Contains("being terminated", StringComparison.Ordinal);

    private static string[] Sorted(string words) => [.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

    private void AssertHealthy()
    {
        foreach (string name in (string[])["kube-scheduler", "kube-controller-manager", "kube-proxy"])
        {
            LoggedProcess component = plane.Components[name];
            Assert.True(component.IsRunning, $"{name} ended:\n{string.Join('\n', component.Lines.TakeLast(20))}");
            Assert.DoesNotContain(component.Lines, IsComplaint);
        }
    }
}
