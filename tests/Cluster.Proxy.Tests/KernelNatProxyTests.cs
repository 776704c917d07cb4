using System.Net;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests;

/// <summary>The whole proxy in the mode nftables: services by the kernel's address translation.</summary>
public sealed class KernelNatProxyTests
{
    public KernelNatProxyTests() => Assert.SkipUnless(
        ProxyRig.CanRun && ForwardingNamespace.IsHere, "run by KernelNatNamespaceTests");

    [Fact]
    public async Task Run_FollowsServicesAndEndpoints_ByTurns()
    {
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "10.254.1.1", port);
        await using var b = new NamedServer("b", "10.254.1.2", port);
        await using var rig = Rig();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80)));
        rig.Api.Seed(Slice("web", port));
        await rig.StartAsync();
        var answers = new List<string?>();
        for (var i = 0; i < 20; i++) answers.Add(await ProxyRig.AskAsync(rig.Vip(10), 80));
        Assert.Equal([("a", 10), ("b", 10)], answers.CountBy(answer => answer!).Select(pair => (pair.Key, pair.Value)).Order());
        Assert.Null(await ProxyRig.AskAsync(rig.Vip(11), 80));
        using var http = new HttpClient();
        Assert.Equal("shop/web\tTCP\tnftables\tthe proxy runs in the mode nftables\n", await http.GetStringAsync(new Uri($"http://{rig.Options.Metrics}/paths")));

        var metrics = await http.GetStringAsync(new Uri($"http://{rig.Options.Metrics}/metrics"));
        Assert.Matches("\ndataplane_nftables_refused_packets_total{reason=\"no_backend\"} [0-9]+\n", metrics);
        Assert.Contains("\ndataplane_nftables_refused_packets_total{reason=\"source_refused\"} 0\n", metrics, StringComparison.Ordinal);

        rig.Api.Change<EndpointSlice>(Make.Namespace, "web-abcde", slice => slice.Endpoints[0].Conditions.Ready = false);
        await Eventually.True(async () => await ProxyRig.AskAsync(rig.Vip(10), 80) == "b" && await ProxyRig.AskAsync(rig.Vip(10), 80) == "b", "the pod that is ready");
        rig.Api.Remove<Service>(Make.Namespace, "web");
        await Eventually.True(async () => await ProxyRig.AskAsync(rig.Vip(10), 80) is null, "the service that is gone to refuse");
    }

    [Fact]
    public async Task Run_WhatThisModeHasNot_IsToldByEventsAndPaths()
    {
        await using var rig = Rig();
        var service = Make.Service("web", rig.Vip(10).ToString(), Make.Port(80));
        service.Metadata.Annotations["cluster.local/proxy-protocol"] = "v2";
        service.Metadata.Annotations["cluster.local/idle-timeout"] = "30";
        rig.Api.Seed(service);
        // Another one asks for the same place.
        rig.Api.Seed(Make.Service("later", rig.Vip(10).ToString(), Make.Port(80)));
        await rig.StartAsync();
        string[] told = ["annotation cluster.local/proxy-protocol has no effect in the proxy mode nftables", "annotation cluster.local/idle-timeout has no effect in the proxy mode nftables"];
        await Eventually.True(() => told.All(message => rig.Api.All<Event>().Any(e => e.Reason == "InvalidAnnotation" && e.Message == message)), "an event of each");
        await Eventually.True(() => rig.Api.All<Event>().Any(e => e.Reason == "FailedToListen" && e.Message.Contains("has this address and port", StringComparison.Ordinal)), "an event of the place");
        using var http = new HttpClient();
        Assert.Contains("web\tTCP\tnftables\tthe proxy runs in the mode nftables, where idle-timeout, proxy-protocol have no effect\n", await http.GetStringAsync(new Uri($"http://{rig.Options.Metrics}/paths")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AfterAnother_ServesWhatThatLeft_UntilItKnowsBetter()
    {
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "10.254.1.1", port);
        await using var b = new NamedServer("b", "10.254.1.2", port);
        var first = Rig();
        foreach (var (name, host) in new[] { ("web", 10), ("old", 11) })
        {
            first.Api.Seed(Make.Service(name, first.Vip(host).ToString(), Make.Port(80)));
            first.Api.Seed(Slice(name, port));
        }

        await first.StartAsync();
        await first.StopAsync();
        Assert.NotNull(await ProxyRig.AskAsync(first.Vip(10), 80));

        // The next one can't list anything yet.
        var api = new FakeApiClient { Fault = _ => new HttpRequestException("away") };
        await using (var next = new ProxyRig(api) { Options = first.Options })
        {
            next.Launch();
            await Eventually.True(() => api.Requests.Count > 0, "the proxy to ask");
            for (var i = 0; i < 50; i++) Assert.NotNull(await ProxyRig.AskAsync(first.Vip(10), 80));
            Assert.NotNull(await ProxyRig.AskAsync(first.Vip(11), 80));

            api.Seed(Make.Service("web", first.Vip(10).ToString(), Make.Port(80)));
            api.Seed(Make.Slice("web", port, Make.Endpoint("10.254.1.2", uid: "b")));
            using var stop = new CancellationTokenSource();
            var refused = 0;
            var asking = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                    if (await ProxyRig.AskAsync(first.Vip(10), 80) is null) refused++;
            });
            api.Fault = null;
            await Eventually.True(() => next.Proxy!.IsReady, "the proxy to be ready");
            await stop.CancelAsync();
            await asking;
            Assert.Equal(0, refused);
            for (var i = 0; i < 4; i++) Assert.Equal("b", await ProxyRig.AskAsync(first.Vip(10), 80));
            Assert.Null(await ProxyRig.AskAsync(first.Vip(11), 80));
        }

        Assert.Null(await ProxyRig.AskAsync(first.Vip(10), 80));
        await first.DisposeAsync();
    }

    private static ProxyRig Rig()
    {
        var rig = new ProxyRig();
        return new ProxyRig(rig.Api) { Options = rig.Options with { KernelNat = true, NatTable = rig.Options.Table + "_nat", DnsAddress = null } };
    }

    private static EndpointSlice Slice(string name, int port) =>
        Make.Slice(name, port, Make.Endpoint("10.254.1.1", uid: "a"), Make.Endpoint("10.254.1.2", uid: "b"));
}
