using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Testing;

namespace Cluster.Proxy.Tests;

public sealed class KubeProxyTests
{
    [Fact]
    public async Task Run_ServiceWithPods_SpreadsRequestsAndFollowsReadiness()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.11", port);
        await using var b = new NamedServer("b", "127.0.0.12", port);
        await using var rig = new ProxyRig();
        var nodePort = FreePort.Tcp();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80, nodePort: nodePort)));
        rig.Api.Seed(Make.Slice("web", port, Make.Endpoint("127.0.0.11", uid: "a"), Make.Endpoint("127.0.0.12", uid: "b")));
        await rig.StartAsync();

        foreach (var (address, at) in new[] { (rig.Vip(10), 80), (IPAddress.Loopback, nodePort) })
        {
            var answers = new List<string?>();
            for (var i = 0; i < 100; i++) answers.Add(await ProxyRig.AskAsync(address, at));
            Assert.Equal([("a", 50), ("b", 50)], answers.CountBy(answer => answer!).Select(pair => (pair.Key, pair.Value)).Order());
        }

        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri($"http://{rig.Options.Metrics}/metrics"));
        Assert.Contains($"dataplane_backend_connections_total{{service=\"shop/web\",protocol=\"TCP\",backend=\"127.0.0.11:{port}\"}} 100\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"dataplane_backend_connect_failures_total{{service=\"shop/web\",protocol=\"TCP\",backend=\"127.0.0.11:{port}\"}} 0\n", metrics, StringComparison.Ordinal);

        rig.Api.Change<EndpointSlice>(Make.Namespace, "web-abcde", slice => slice.Endpoints[0].Conditions.Ready = false);
        await AnswersOnlyAsync(rig.Vip(10), "b");
        rig.Api.Change<EndpointSlice>(Make.Namespace, "web-abcde", slice => slice.Endpoints[1].Conditions.Ready = false);
        await Eventually.True(async () => await ProxyRig.AskAsync(rig.Vip(10), 80) is null, "the service without pods to refuse");
        rig.Api.Change<EndpointSlice>(Make.Namespace, "web-abcde", slice => slice.Endpoints[0].Conditions.Ready = true);
        await Eventually.True(async () => await ProxyRig.AskAsync(rig.Vip(10), 80) == "a", "the pod to be back");
    }

    [Fact]
    public async Task Run_ServiceAddedChangedAndDeleted_TakesEffect()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.13", port);
        await using var rig = await new ProxyRig().StartAsync();
        for (var i = 0; i < 10; i++)
        {
            rig.Api.Seed(Make.Slice($"s{i}", port, Make.Endpoint("127.0.0.13", uid: "a")));
            rig.Api.Seed(Make.Service($"s{i}", rig.Vip(100 + i).ToString(), Make.Port(80)));
            await Eventually.True(async () => await ProxyRig.AskAsync(rig.Vip(100 + i), 80) == "a");
        }

        rig.Api.Change<Service>(Make.Namespace, "s0", service => service.Spec.Ports[0].Port = 81);
        await Eventually.True(async () => await ProxyRig.AskAsync(rig.Vip(100), 81) == "a" && await ProxyRig.AskAsync(rig.Vip(100), 80) is null);
        rig.Api.Remove<Service>(Make.Namespace, "s0");
        await Eventually.True(async () => await ProxyRig.AskAsync(rig.Vip(100), 81) is null);
    }

    [Fact]
    public async Task Run_ApiGone_GoesOnServing()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.14", port);
        await using var rig = new ProxyRig();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80)));
        rig.Api.Seed(Make.Slice("web", port, Make.Endpoint("127.0.0.14", uid: "a")));
        await rig.StartAsync();
        rig.Api.Fault = _ => new HttpRequestException("the API server is gone");
        rig.Api.EndWatches();
        for (var i = 0; i < 20; i++) Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip(10), 80));
    }

    [Fact]
    public async Task Run_StartedWhileTheApiIsAway_ServesWhatItsPredecessorServedAndThenFollowsTheApi()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        using var folder = new TempDirectory();
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.17", port);
        var first = new ProxyRig();
        first = new ProxyRig { Options = first.Options with { SavedPath = Path.Combine(folder.Path, "services") } };
        foreach (var (name, host) in new[] { ("web", 10), ("old", 11) })
        {
            first.Api.Seed(Make.Service(name, VipOf(first, host), Make.Port(80)));
            first.Api.Seed(Make.Slice(name, port, Make.Endpoint("127.0.0.17", uid: "a")));
        }

        await first.StartAsync();
        await first.StopAsync();

        await using var second = new ProxyRig(first.Api) { Options = first.Options };
        first.Api.Fault = _ => new HttpRequestException("the API server is gone");
        second.Launch();
        await Eventually.True(async () => await ProxyRig.AskAsync(IPAddress.Parse(VipOf(first, 10)), 80) == "a", "the saved services to be served");
        Assert.False(second.Proxy!.IsReady);

        first.Api.Remove<Service>(Make.Namespace, "old");
        first.Api.Fault = null;
        await Eventually.True(async () => await ProxyRig.AskAsync(IPAddress.Parse(VipOf(first, 11)), 80) is null, "what went meanwhile to be gone");
        Assert.Equal("a", await ProxyRig.AskAsync(IPAddress.Parse(VipOf(first, 10)), 80));
        await Eventually.True(() => second.Proxy.IsReady);
    }

    private static string VipOf(ProxyRig rig, int host) => rig.Options.ServiceRanges[0].BaseAddress.ToString()[..^1] + host;

    [Fact]
    public async Task Run_SocketsAreConnectedFromTheStart_GoOnWithoutTheProxy_AndAreRemoved()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        using var folder = new TempDirectory();
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.18", port);
        await using var rig = new ProxyRig();
        var options = rig.Options with { OwnedPath = Path.Combine(folder.Path, "owned") };
        await using var pinned = new ProxyRig(rig.Api) { Options = options };
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80)));
        rig.Api.Seed(Make.Slice("web", port, Make.Endpoint("127.0.0.18", uid: "a")));
        await pinned.StartAsync();
        using var http = new HttpClient();
        var paths = await http.GetStringAsync(new Uri($"http://{options.Metrics}/paths"));
        Assert.SkipWhen(paths.Contains("not possible here", StringComparison.Ordinal), paths);
        Assert.Equal("shop/web\tTCP\tconnect\tthe best path for TCP that this host allows\n", paths);
        Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip(10), 80));
        var metrics = await http.GetStringAsync(new Uri($"http://{options.Metrics}/metrics"));
        Assert.Contains("dataplane_socket_connections_total{service=\"shop/web\",protocol=\"TCP\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"dataplane_backend_connections_total{{service=\"shop/web\",protocol=\"TCP\",backend=\"127.0.0.18:{port}\"}} 1\n", metrics, StringComparison.Ordinal);

        await pinned.StopAsync();
        Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip(10), 80));
        Assert.Contains($"bpffs {options.PinPath}", File.ReadAllLines(options.OwnedPath));
        await NodePlane.RemoveAsync(options, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, CancellationToken.None);
        Assert.Empty(File.ReadAllLines(options.OwnedPath));
        Assert.False(Directory.Exists(options.PinPath));
        Assert.DoesNotContain(options.PinPath!, File.ReadAllText("/proc/self/mounts"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhereSocketsCanNotBeConnectedFromTheStart_TheLoopsServe_AndSayWhy()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.19", port);
        await using var rig = new ProxyRig();
        await using var without = new ProxyRig(rig.Api) { Options = rig.Options with { CgroupPath = "/sys/fs/cgroup/none" } };
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80)));
        rig.Api.Seed(Make.Slice("web", port, Make.Endpoint("127.0.0.19", uid: "a")));
        await without.StartAsync();
        Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip(10), 80));
        using var http = new HttpClient();
        Assert.Equal(
            "shop/web\tTCP\tloop\tthe connect-time path is not possible here: Cannot open /sys/fs/cgroup/none: No such file or directory\n",
            await http.GetStringAsync(new Uri($"http://{rig.Options.Metrics}/paths")));
    }

    [Fact]
    public async Task Run_PortTakenByTheHost_IsAnEventOnTheService()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        using var taken = new TcpListener(IPAddress.Any, 0);
        taken.Start();
        await using var rig = new ProxyRig();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80, nodePort: ((IPEndPoint)taken.LocalEndpoint).Port)));
        rig.Api.Seed(Make.Slice("web", 8080, Make.Endpoint("127.0.0.1", uid: "a")));
        await rig.StartAsync();
        await Eventually.True(() => rig.Api.All<Event>().Any(e => e.Reason == "FailedToListen" && e.InvolvedObject.Name == "web" && e.Type == "Warning"));
    }

    [Fact]
    public async Task Run_NodeGetsAZone_TrafficStaysInIt()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.15", port);
        await using var b = new NamedServer("b", "127.0.0.16", port);
        await using var rig = new ProxyRig();
        var service = Make.Service("web", rig.Vip(10).ToString(), Make.Port(80));
        service.Spec.TrafficDistribution = "PreferClose";
        service.Metadata.Annotations["cluster.local/path"] = "fast";
        rig.Api.Seed(service);
        Endpoint near = Make.Endpoint("127.0.0.15", uid: "a"), far = Make.Endpoint("127.0.0.16", uid: "b");
        (near.Zone, far.Zone) = ("west", "east");
        rig.Api.Seed(Make.Slice("web", port, near, far));
        await rig.StartAsync();
        Assert.Equal(["a", "b"], new[] { await ProxyRig.AskAsync(rig.Vip(10), 80), await ProxyRig.AskAsync(rig.Vip(10), 80) }.Order());

        var node = new Node { Metadata = new Api.MetaV1.ObjectMeta { Name = "here" } };
        node.Metadata.Labels["topology.kubernetes.io/zone"] = "west";
        rig.Api.Seed(node);
        await AnswersOnlyAsync(rig.Vip(10), "a");
        await Eventually.True(() => rig.Api.All<Event>().Any(e => e.Reason == "InvalidAnnotation" && e.Message.Contains("cluster.local/path is fast", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_NodeIsAboutToGo_LoadBalancersAreToldAndTheProxyLivesOn()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        await using var rig = new ProxyRig();
        rig.Api.Seed(new Node { Metadata = new Api.MetaV1.ObjectMeta { Name = "here" }, Spec = new NodeSpec() });
        await rig.StartAsync();
        using var http = new HttpClient();
        async Task<(HttpStatusCode, bool)> AskAsync(string path)
        {
            using var answer = await http.GetAsync(new Uri($"http://{rig.Options.Health}/{path}"));
            return (answer.StatusCode, (await answer.Content.ReadAsStringAsync()).EndsWith("\"nodeEligible\": false}", StringComparison.Ordinal));
        }

        Assert.Equal((HttpStatusCode.OK, false), await AskAsync("healthz"));
        rig.Api.Change<Node>(null, "here", node => node.Spec.Taints.Add(new Taint { Key = "ToBeDeletedByClusterAutoscaler", Effect = "NoSchedule" }));
        await Eventually.True(async () => await AskAsync("healthz") == (HttpStatusCode.ServiceUnavailable, true), "load balancers to be told");
        Assert.Equal((HttpStatusCode.OK, false), await AskAsync("livez"));

        rig.Api.Change<Node>(null, "here", node => node.Spec.Taints.Clear());
        await Eventually.True(async () => await AskAsync("healthz") == (HttpStatusCode.OK, false), "the node to stay");
    }

    [Fact]
    public async Task Run_PortTakenByTheHost_IsAConditionOfThisNodeUntilItIsFree()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        using var taken = new TcpListener(IPAddress.Any, 0);
        taken.Start();
        var nodePort = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var rig = new ProxyRig();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80, nodePort: nodePort)));
        rig.Api.Seed(Make.Slice("web", 8080, Make.Endpoint("127.0.0.1", uid: "a")));
        await rig.StartAsync();
        await Eventually.True(() => Conditions(rig, "web").Any(), "the condition");
        var condition = Conditions(rig, "web").Single();
        Assert.Equal(("here/PortConflict", "True", "FailedToListen"), (condition.Type, condition.Status, condition.Reason));
        Assert.Contains($"node here can't serve 0.0.0.0:{nodePort}/TCP: ", condition.Message, StringComparison.Ordinal);
        Assert.NotNull(condition.LastTransitionTime);

        taken.Dispose();
        await Eventually.True(() => !Conditions(rig, "web").Any(), "the condition to go");
    }

    [Fact]
    public async Task Run_ServiceThatGivesUpATakenPort_LosesTheCondition()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        using var taken = new TcpListener(IPAddress.Any, 0);
        taken.Start();
        await using var rig = new ProxyRig();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80, nodePort: ((IPEndPoint)taken.LocalEndpoint).Port)));
        rig.Api.Seed(Make.Slice("web", 8080, Make.Endpoint("127.0.0.1", uid: "a")));
        await rig.StartAsync();
        await Eventually.True(() => Conditions(rig, "web").Any(), "the condition");
        rig.Api.Change<Service>(Make.Namespace, "web", service => service.Spec.Ports[0].NodePort = 0);
        await Eventually.True(() => !Conditions(rig, "web").Any(), "the condition to go");
    }

    [Fact]
    public async Task Run_ConditionAnEarlierProcessLeft_Goes()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        await using var rig = new ProxyRig();
        var service = Make.Service("web", rig.Vip(10).ToString(), Make.Port(80));
        service.Status = new ServiceStatus();
        foreach (var type in new[] { "here/PortConflict", "there/PortConflict" })
            service.Status.Conditions.Add(new Api.MetaV1.Condition { Type = type, Status = "True", Reason = "FailedToListen", Message = "x" });
        rig.Api.Seed(service);
        await rig.StartAsync();
        await Eventually.True(() => Conditions(rig, "web").Select(condition => condition.Type).SequenceEqual(["there/PortConflict"]), "this node's condition to go, and no other's");
    }

    [Fact]
    public async Task Run_HealthCheckNodePort_TellsLocalEndpointsAndIsReportedWhenTaken()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        await using var rig = new ProxyRig();
        var service = Make.Service("web", rig.Vip(10).ToString(), Make.Port(80));
        service.Spec.Type = "LoadBalancer";
        service.Spec.ExternalTrafficPolicy = "Local";
        service.Spec.HealthCheckNodePort = FreePort.Tcp();
        var taken = new TcpListener(IPAddress.Any, service.Spec.HealthCheckNodePort);
        taken.Start();
        rig.Api.Seed(service);
        rig.Api.Seed(Make.Slice("web", 8080, Make.Endpoint("127.0.0.1", uid: "a", node: "here"), Make.Endpoint("127.0.0.2", uid: "b", node: "there"), Make.Endpoint("127.0.0.3", false, "c", "here")));
        await rig.StartAsync();
        await Eventually.True(() => Conditions(rig, "web").Any(condition => condition.Message.Contains("health check node port", StringComparison.Ordinal)), "the condition");
        taken.Dispose();

        using var http = new HttpClient();
        var address = new Uri($"http://127.0.0.1:{service.Spec.HealthCheckNodePort}/");
        await Eventually.True(async () => await StatusAsync(http, address) == HttpStatusCode.OK, "the port to be served");
        Assert.Contains("\"localEndpoints\": 1", await http.GetStringAsync(address), StringComparison.Ordinal);
        await Eventually.True(() => !Conditions(rig, "web").Any(), "the condition to go");

        rig.Api.Change<EndpointSlice>(Make.Namespace, "web-abcde", slice => slice.Endpoints[0].Conditions.Ready = false);
        await Eventually.True(async () => await StatusAsync(http, address) == HttpStatusCode.ServiceUnavailable, "no local endpoint");
        rig.Api.Remove<Service>(Make.Namespace, "web");
        await Eventually.True(async () => await StatusAsync(http, address) is null, "the port to be closed");
    }

    [Fact]
    public async Task Run_DualStackService_AnswersOnBothAddresses()
    {
        Assert.SkipUnless(ProxyRig.CanRun && Socket.OSSupportsIPv6, ProxyRig.WhyNot);
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.17", port);
        await using var rig = new ProxyRig();
        var service = Make.Service("web", rig.Vip(10).ToString(), Make.Port(80));
        service.Spec.ClusterIPs.Add(rig.Vip6(10).ToString());
        rig.Api.Seed(service);
        rig.Api.Seed(Make.Slice("web", port, Make.Endpoint("127.0.0.17", uid: "a")));
        await rig.StartAsync();
        Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip(10), 80));
        Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip6(10), 80));
        Assert.Null(await ProxyRig.AskAsync(rig.Vip6(11), 80));
    }

    [Fact]
    public async Task Run_HealthAndMetrics_AreServed()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        await using var rig = await new ProxyRig().StartAsync();
        using var http = new HttpClient();
        Assert.Contains("\"lastUpdated\"", await http.GetStringAsync(new Uri($"http://{rig.Options.Health}/healthz")), StringComparison.Ordinal);
        Assert.Contains("\"currentTime\"", await http.GetStringAsync(new Uri($"http://{rig.Options.Health}/livez")), StringComparison.Ordinal);
        Assert.Equal("ok", await http.GetStringAsync(new Uri($"http://{rig.Options.Health}/readyz")));
        await ProxyRig.AskAsync(IPAddress.Loopback, rig.Options.Health!.Port);
        Assert.Contains("# TYPE dataplane_tcp_connections_total counter", await http.GetStringAsync(new Uri($"http://{rig.Options.Metrics}/metrics")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Dns_AnswersARealResolverByUdpEvenBesideAServiceOfItsAddress()
    {
        Assert.SkipUnless(ProxyRig.CanRun && File.Exists("/bin/busybox"), ProxyRig.WhyNot + " and busybox-static");
        await using var rig = new ProxyRig();
        var dns = rig.Options.DnsAddress!.Address.ToString();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80)));
        rig.Api.Seed(Make.Service("kube-dns", dns, Make.Port(53, "dns", "UDP"), Make.Port(53, "dns-tcp")));
        rig.Api.Seed(Make.Slice("kube-dns", [Make.EndpointPort(53, "dns", "UDP"), Make.EndpointPort(53, "dns-tcp")], Make.Endpoint("192.0.2.1")));
        await rig.StartAsync();
        Assert.Contains($"Address: {rig.Vip(10)}", Run("/bin/busybox", $"nslookup -type=a web.shop.svc.cluster.local {dns}"), StringComparison.Ordinal);
        Assert.Contains("web.shop.svc.cluster.local", Run("/bin/busybox", $"nslookup {rig.Vip(10)} {dns}"), StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Api.All<Event>(), e => e.Reason == "FailedToListen");
    }

    [Fact]
    public async Task Run_DnsPortTaken_IsNotReadyAndAnEventUntilItIsFree()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        await using var rig = new ProxyRig();
        var dns = Make.Service("kube-dns", rig.Options.DnsAddress!.Address.ToString(), Make.Port(53, "dns", "UDP"));
        dns.Metadata.Namespace = "kube-system";
        dns = rig.Api.Seed(dns);

        // As another server on the wildcard address: of a free port, for the machine's own 53 is not ours to take.
        using var taken = new UdpClient(new IPEndPoint(IPAddress.Any, 0));
        var port = ((IPEndPoint)taken.Client.LocalEndPoint!).Port;
        await using var blocked = new ProxyRig(rig.Api) { Options = rig.Options with { DnsAddress = new IPEndPoint(rig.Options.DnsAddress.Address, port) } };
        blocked.Launch();
        await Eventually.True(() => rig.Api.All<Event>().Any(e => e.Reason == "FailedToListen" && e.Type == "Warning" && e.InvolvedObject.Uid == dns.Metadata.Uid));

        using var http = new HttpClient();
        using var ready = await http.GetAsync(new Uri($"http://{rig.Options.Health}/readyz"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, $"DNS does not answer on {blocked.Options.DnsAddress}"), (ready.StatusCode, await ready.Content.ReadAsStringAsync()));
        using var healthy = await http.GetAsync(new Uri($"http://{rig.Options.Health}/healthz"));
        Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);
        Assert.False(blocked.Proxy!.IsReady);

        taken.Dispose();
        await Eventually.True(() => blocked.Proxy.IsReady, "DNS to be tried again");
        Assert.Equal("ok", await http.GetStringAsync(new Uri($"http://{rig.Options.Health}/readyz")));
        await Eventually.True(() => rig.Api.All<Event>().Any(e => e.Reason == "Listening" && e.InvolvedObject.Name == "kube-dns"));
    }

    [Fact]
    public async Task Run_HealthPortTaken_SaysWhichPort()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var rig = new ProxyRig { Options = new ProxyOptions { Health = (IPEndPoint)taken.LocalEndpoint, CaptureVirtualAddresses = false, DnsAddress = null, Metrics = null } };
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(rig.StartAsync);
        Assert.Contains(taken.LocalEndpoint.ToString()!, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_AfterAStop_LeavesNothingOnTheHost()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        using var folder = new TempDirectory();
        var rig = new ProxyRig();
        rig = new ProxyRig { Options = rig.Options with { OwnedPath = Path.Combine(folder.Path, "owned") } };
        await rig.StartAsync();
        await rig.StopAsync();
        Assert.Contains($"nft inet {rig.Options.Table}", File.ReadAllLines(rig.Options.OwnedPath!));
        Assert.Contains($"route {rig.Options.ServiceRanges[0]}", File.ReadAllLines(rig.Options.OwnedPath!));
        Assert.Contains(rig.Options.Table, Run("nft", "list tables"), StringComparison.Ordinal);
        await NodePlane.RemoveAsync(rig.Options, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, CancellationToken.None);
        Assert.DoesNotContain(rig.Options.Table + "\n", Run("nft", "list tables"), StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Options.ServiceRanges[0].ToString(), Run("ip", "route show table local"), StringComparison.Ordinal);
        Assert.Empty(File.ReadAllLines(rig.Options.OwnedPath!));
    }

    private static IEnumerable<Api.MetaV1.Condition> Conditions(ProxyRig rig, string name) =>
        rig.Api.All<Service>().Single(service => service.Metadata.Name == name).Status?.Conditions ?? [];

    private static async Task<HttpStatusCode?> StatusAsync(HttpClient http, Uri address)
    {
        try
        {
            using var answer = await http.GetAsync(address);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static string Run(string command, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd();
    }

    private static Task AnswersOnlyAsync(IPAddress address, string expected) => Eventually.True(
        async () =>
        {
            for (var i = 0; i < 4; i++)
                if (await ProxyRig.AskAsync(address, 80) != expected) return false;
            return true;
        },
        $"only {expected} to answer");
}
