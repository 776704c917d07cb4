namespace Cluster.EndToEnd.Tests;

/// <summary>Services are found by DNS and by environment variables.</summary>
[Collection(SharedCluster.Name)]
public sealed class DiscoveryTests(RunningCluster cluster)
{
    [Fact]
    public async Task Dns_InAContainer_ResolvesShortAndFullNames()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("named"));
        await kubectl.ApplyAsync(Manifests.SleepingPod("client"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s");
        string ip = await kubectl.JsonPathAsync("service/named", "{.spec.clusterIP}");
        foreach (string name in (string[])["named", $"named.{kubectl.Namespace}", $"named.{kubectl.Namespace}.svc", $"named.{kubectl.Namespace}.svc.cluster.local"])
        {
            CommandResult answer = (await Engine.ExecAsync(kubectl.Namespace, "client", "main", ["fetch", name, "80"])).Succeeded();
            Assert.StartsWith("named-", answer.Output, StringComparison.Ordinal);
        }

        string lookup = (await Engine.ExecAsync(kubectl.Namespace, "client", "main", ["nslookup", $"named.{kubectl.Namespace}.svc.cluster.local"])).Output;
        Assert.Contains(ip, lookup, StringComparison.Ordinal);
        string reverse = (await Engine.ExecAsync(kubectl.Namespace, "client", "main", ["nslookup", ip])).Output;
        Assert.Contains($"named.{kubectl.Namespace}.svc.cluster.local", reverse, StringComparison.Ordinal);
        CommandResult absent = await Engine.ExecAsync(kubectl.Namespace, "client", "main", ["nslookup", $"absent.{kubectl.Namespace}.svc.cluster.local"]);
        Assert.Contains("NXDOMAIN", absent.Output + absent.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dns_HeadlessService_AnswersEveryPod()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("bare", type: "ClusterIP\n  clusterIP: None"));
        await kubectl.ApplyAsync(Manifests.SleepingPod("client"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s");
        await Poll.UntilAsync("three addresses are answered", async () =>
        {
            string output = (await Engine.ExecAsync(kubectl.Namespace, "client", "main", ["nslookup", $"bare.{kubectl.Namespace}.svc.cluster.local"])).Output;
            return output.Split('\n').Count(line => line.Contains("Address", StringComparison.Ordinal) && line.Contains($" {cluster.PodPrefix}.", StringComparison.Ordinal)) == 3;
        });
    }

    [Fact]
    public async Task Environment_OfAPod_NamesTheServicesBeforeIt()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.RunAsync("create", "service", "clusterip", "my-db", "--tcp=5432:5432");
        string ip = await kubectl.JsonPathAsync("service/my-db", "{.spec.clusterIP}");
        await kubectl.ApplyAsync(Manifests.SleepingPod("client"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/client", "--timeout=60s");
        string environment = (await Engine.ExecAsync(kubectl.Namespace, "client", "main", ["env"])).Succeeded().Output;
        string api = cluster.ServicePrefix + ".0.1";
        foreach (string line in (string[])[
            $"MY_DB_SERVICE_HOST={ip}", "MY_DB_SERVICE_PORT=5432", $"MY_DB_PORT=tcp://{ip}:5432", $"MY_DB_PORT_5432_TCP=tcp://{ip}:5432",
            "MY_DB_PORT_5432_TCP_PROTO=tcp", "MY_DB_PORT_5432_TCP_PORT=5432", $"MY_DB_PORT_5432_TCP_ADDR={ip}", $"KUBERNETES_SERVICE_HOST={api}"])
            Assert.Contains(line, environment.Split('\n'));
    }

    [Fact]
    public async Task ServiceAccount_InAPod_ReachesTheApiAndIsForbidden()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.SleepingPod("client"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/client", "--timeout=60s");
        string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
        string token = (await Engine.ExecAsync(kubectl.Namespace, "client", "main", ["cat", folder + "/token"])).Succeeded().Output;
        Assert.Equal(kubectl.Namespace, (await Engine.ExecAsync(kubectl.Namespace, "client", "main", ["cat", folder + "/namespace"])).Output.Trim());
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using HttpResponseMessage answer = await http.GetAsync($"https://{cluster.ServicePrefix}.0.1/api/v1/namespaces/{kubectl.Namespace}/pods", TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains($"system:serviceaccount:{kubectl.Namespace}:default", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        http.DefaultRequestHeaders.Authorization = new("Bearer", "nonsense");
        using HttpResponseMessage refused = await http.GetAsync($"https://127.0.0.1:{cluster.ApiPort}/api/v1/pods", TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }
}
