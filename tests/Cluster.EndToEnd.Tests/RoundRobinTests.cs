namespace Cluster.EndToEnd.Tests;

/// <summary>300 requests over 3 pods: 100 each, by every way a client can come, TCP and UDP.</summary>
[Collection(SharedCluster.Name)]
public sealed class RoundRobinTests(RunningCluster cluster)
{
    private const int Requests = 300;

    [Fact]
    public async Task Service_FromHostContainerAndNodePort_SpreadsEvenly()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("who"));
        await kubectl.ApplyAsync(Manifests.SleepingPod("client"));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s");
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/who", "--timeout=60s");
        string ip = await kubectl.JsonPathAsync("service/who", "{.spec.clusterIP}");
        int httpPort = int.Parse(await kubectl.JsonPathAsync("service/who", "{.spec.ports[0].nodePort}"), null);
        int udpPort = int.Parse(await kubectl.JsonPathAsync("service/who", "{.spec.ports[1].nodePort}"), null);
        string node = await kubectl.JsonPathAsync("nodes", "{.items[0].status.addresses[?(@.type=='InternalIP')].address}");
        await Poll.UntilAsync("all pods answer", async () => (await Traffic.CountAsync(6, () => Traffic.HttpAsync(ip, 80))).Count == 3);
        await Poll.UntilAsync("all pods answer over UDP", async () => (await Traffic.CountAsync(6, () => Traffic.UdpAsync(ip, 9000))).Count == 3);

        Traffic.AssertEven(await Traffic.CountAsync(Requests, () => Traffic.HttpAsync(ip, 80)), 3, Requests);
        Traffic.AssertEven(await Traffic.CountUdpAsync(Requests, ip, 9000), 3, Requests);
        Traffic.AssertEven(await Traffic.CountAsync(Requests, () => Traffic.HttpAsync(node, httpPort)), 3, Requests);
        Traffic.AssertEven(await Traffic.CountAsync(Requests, () => Traffic.HttpAsync("127.0.0.1", httpPort)), 3, Requests);
        Traffic.AssertEven(await Traffic.CountUdpAsync(Requests, node, udpPort), 3, Requests);
        Traffic.AssertEven(await FromContainerAsync(kubectl, $"for i in $(seq {Requests}); do fetch {ip} 80; done"), 3, Requests);
        Traffic.AssertEven(await FromContainerAsync(kubectl, $"for i in $(seq {Requests}); do fetch who 80; done"), 3, Requests);
        Traffic.AssertEven(await FromContainerAsync(kubectl, $"udp-ask {ip} 9000 {Requests} | cut -d' ' -f1"), 3, Requests);
    }

    [Fact]
    public async Task Service_PodTurnsUnready_GetsNothingWithinASecond()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("flaky", probe: "ready").Replace("hostname >", "touch /www/ready; hostname >", StringComparison.Ordinal));
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/flaky", "--timeout=60s");
        string ip = await kubectl.JsonPathAsync("service/flaky", "{.spec.clusterIP}");
        await Poll.UntilAsync("all pods answer", async () => (await Traffic.CountAsync(6, () => Traffic.HttpAsync(ip, 80))).Count == 3);

        string victim = (await kubectl.JsonPathAsync("pods", "{.items[0].metadata.name}")).Trim();
        (await InContainerAsync(kubectl, victim, "http", "rm /www/ready")).Succeeded();
        // The probe's period is one second; from the moment the API says unready the proxy has one more.
        await kubectl.RunAsync("wait", "--for=condition=Ready=false", "pod/" + victim, "--timeout=20s");
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Dictionary<string, int> counts = await Traffic.CountAsync(60, () => Traffic.HttpAsync(ip, 80));
        Assert.DoesNotContain(victim, counts.Keys);
        Assert.Equal(2, counts.Count);
    }

    [Fact]
    public async Task Service_ClientIPAffinity_StaysOnOnePod()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Who("sticky").Replace("type: NodePort", "sessionAffinity: ClientIP", StringComparison.Ordinal));
        await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/sticky", "--timeout=60s");
        string ip = await kubectl.JsonPathAsync("service/sticky", "{.spec.clusterIP}");
        await Poll.UntilAsync("the service answers", async () => (await Traffic.HttpAsync(ip, 80)).Length > 0);
        Assert.Single(await Traffic.CountAsync(50, () => Traffic.HttpAsync(ip, 80)));
    }

    [Fact]
    public async Task Service_WithoutBackends_RefusesAtOnce()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.RunAsync("create", "service", "clusterip", "empty", "--tcp=80:80");
        string ip = await kubectl.JsonPathAsync("service/empty", "{.spec.clusterIP}");
        var failure = await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => Traffic.HttpAsync(ip, 80));
        Assert.Equal(System.Net.Sockets.SocketError.ConnectionRefused, failure.SocketErrorCode);
    }

    [Fact]
    public async Task HostListener_OnAllAddresses_IsNotReachableOnAVirtualAddress()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.RunAsync("create", "service", "clusterip", "guarded", "--tcp=80:80");
        string ip = await kubectl.JsonPathAsync("service/guarded", "{.spec.clusterIP}");
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Any, 0);
        listener.Start();
        int port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        var failure = await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => Traffic.HttpAsync(ip, port));
        Assert.Equal(System.Net.Sockets.SocketError.ConnectionRefused, failure.SocketErrorCode);
    }

    private static async Task<Dictionary<string, int>> FromContainerAsync(Kubectl kubectl, string script)
    {
        CommandResult result = (await InContainerAsync(kubectl, "client", "main", script)).Succeeded();
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .GroupBy(name => name).ToDictionary(group => group.Key, group => group.Count());
    }

    // kubectl exec is not served yet; the engine's own client API runs the command in the pod's container.
    private static Task<CommandResult> InContainerAsync(Kubectl kubectl, string pod, string container, string script) =>
        Engine.ExecAsync(kubectl.Namespace, pod, container, ["sh", "-c", script]);
}
