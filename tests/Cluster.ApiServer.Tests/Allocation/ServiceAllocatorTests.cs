using System.Net;
using System.Text;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.Tests.Registry;
using Cluster.Storage;

namespace Cluster.ApiServer.Tests.Allocation;

public sealed class ServiceAllocatorTests : IAsyncLifetime
{
    private RegistryRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await RegistryRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Create_WithoutAddress_GetsOneOfTheDynamicPart()
    {
        var service = await _rig.CreateAsync(RegistryRig.Service("web"));
        var address = IPAddress.Parse(service.Spec.ClusterIP).GetAddressBytes();

        Assert.Equal([10, 96], address[..2]);
        Assert.True(address[2] > 0, service.Spec.ClusterIP);
        Assert.Equal([service.Spec.ClusterIP], service.Spec.ClusterIPs);
        Assert.Equal("SingleStack", service.Spec.IpFamilyPolicy);
        Assert.Equal(["IPv4"], service.Spec.IpFamilies);
    }

    [Fact]
    public async Task Create_RequestedAddress_IsHonouredOnce()
    {
        var first = await _rig.CreateAsync(RegistryRig.Service("one", "10.96.0.77"));
        var failure = await Fails(() => _rig.CreateAsync(RegistryRig.Service("two", "10.96.0.77")));

        Assert.Equal("10.96.0.77", first.Spec.ClusterIP);
        Assert.Equal(422, failure.Code);
        Assert.Equal(
            "Service \"two\" is invalid: spec.clusterIPs: Invalid value: []string{\"10.96.0.77\"}: failed to allocate IP 10.96.0.77: provided IP is already allocated",
            failure.Message);
    }

    [Fact]
    public async Task Create_AddressOutsideTheRange_IsInvalid() => Assert.Contains(
        "the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16",
        (await Fails(() => _rig.CreateAsync(RegistryRig.Service("one", "10.97.0.1")))).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task Create_NodePortOfABalancerThatNeedsNone_IsClaimedLikeAnyOther()
    {
        var first = await _rig.CreateAsync(Balancer("one", 30077));
        Assert.Equal(30077, first.Spec.Ports[0].NodePort);

        var outside = await Fails(() => _rig.CreateAsync(Balancer("two", 6443)));
        var taken = await Fails(() => _rig.CreateAsync(Balancer("two", 30077)));
        var none = await _rig.CreateAsync(Balancer("two", 0));

        Assert.Contains("spec.ports[0].nodePort: Invalid value: 6443: provided port is not in the valid range", outside.Message, StringComparison.Ordinal);
        Assert.Contains("spec.ports[0].nodePort: Invalid value: 30077: provided port is already allocated", taken.Message, StringComparison.Ordinal);
        Assert.Equal(0, none.Spec.Ports[0].NodePort);

        await _rig.Registry.DeleteAsync(RegistryRig.Scope<Service>("two"), new DeleteOptions(), default);
        Assert.Contains("already allocated", (await Fails(() => _rig.CreateAsync(Balancer("three", 30077)))).Message, StringComparison.Ordinal);
        await _rig.Registry.DeleteAsync(RegistryRig.Scope<Service>("one"), new DeleteOptions(), default);
        Assert.Equal(30077, (await _rig.CreateAsync(Balancer("three", 30077))).Spec.Ports[0].NodePort);
    }

    [Fact]
    public void ServiceAddress_InAnySpelling_IsOneClaim() =>
        Assert.Equal(Strategies.Claims.ServiceAddress("fd00::a"), Strategies.Claims.ServiceAddress("FD00:0::A"));

    [Fact]
    public async Task Create_SecondAddress_IsRefusedWhereThereIsOneFamily()
    {
        var service = RegistryRig.Service("one", "10.96.0.77");
        service.Spec.ClusterIPs.Clear();
        service.Spec.ClusterIPs.Add(["10.96.0.77", "fd00:10:96::77"]);
        service.Spec.IpFamilyPolicy = "PreferDualStack";

        Assert.Contains("spec.clusterIPs[1]: Invalid value: \"fd00:10:96::77\": not configured on this cluster", (await Fails(() => _rig.CreateAsync(service))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_BalancerOfLocalTraffic_GetsAPortForItsHealthChecks()
    {
        var service = Balancer("one", 0);
        service.Spec.ExternalTrafficPolicy = "Local";
        var made = await _rig.CreateAsync(service);

        Assert.InRange(made.Spec.HealthCheckNodePort, 30000, 32767);
        var other = Balancer("two", 0);
        (other.Spec.ExternalTrafficPolicy, other.Spec.HealthCheckNodePort) = ("Local", made.Spec.HealthCheckNodePort);
        Assert.Equal(
            $"Service \"two\" is invalid: spec.healthCheckNodePort: Invalid value: {made.Spec.HealthCheckNodePort}: provided port is already allocated",
            (await Fails(() => _rig.CreateAsync(other))).Message);
    }

    private static Service Balancer(string name, int nodePort)
    {
        var service = RegistryRig.Service(name);
        service.Spec.Type = "LoadBalancer";
        service.Spec.AllocateLoadBalancerNodePorts = false;
        service.Spec.Ports[0].NodePort = nodePort;
        return service;
    }

    [Fact]
    public async Task Delete_Service_FreesItsAddress()
    {
        await _rig.CreateAsync(RegistryRig.Service("one", "10.96.0.77"));
        await _rig.Registry.DeleteAsync(RegistryRig.Scope<Service>("one"), new DeleteOptions(), default);

        Assert.Equal("10.96.0.77", (await _rig.CreateAsync(RegistryRig.Service("two", "10.96.0.77"))).Spec.ClusterIP);
    }

    [Fact]
    public async Task Create_Headless_ClaimsNothing()
    {
        var one = await _rig.CreateAsync(RegistryRig.Service("one", "None"));
        var two = await _rig.CreateAsync(RegistryRig.Service("two", "None"));

        Assert.Equal(["None"], one.Spec.ClusterIPs);
        Assert.Equal("None", two.Spec.ClusterIP);
    }

    [Fact]
    public async Task Create_PreferDualStack_StaysSoWithTheOneFamilyThereIs()
    {
        var wanted = RegistryRig.Service("one");
        wanted.Spec.IpFamilyPolicy = "PreferDualStack";
        var made = await _rig.CreateAsync(wanted);
        var again = await _rig.UpdateAsync(RegistryRig.Service("one"));

        Assert.Equal(("PreferDualStack", "IPv4"), (made.Spec.IpFamilyPolicy, Assert.Single(made.Spec.IpFamilies)));
        Assert.Equal(("PreferDualStack", "IPv4"), (again.Spec.IpFamilyPolicy, Assert.Single(again.Spec.IpFamilies)));
        var required = RegistryRig.Service("two");
        required.Spec.IpFamilyPolicy = "RequireDualStack";
        Assert.Contains("not configured for dual-stack services", (await Fails(() => _rig.CreateAsync(required))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_HeadlessWithoutSelector_MayHaveBothFamiliesAnywhere()
    {
        var one = (await _rig.CreateAsync(RegistryRig.Service("one", "None"))).Clone();
        var selecting = RegistryRig.Service("two", "None");
        selecting.Spec.Selector["app"] = "two";
        var two = await _rig.CreateAsync(selecting);

        Assert.Equal("RequireDualStack", one.Spec.IpFamilyPolicy);
        Assert.Equal(["IPv4", "IPv6"], one.Spec.IpFamilies);
        Assert.Equal("SingleStack", two.Spec.IpFamilyPolicy);
        Assert.Equal(["IPv4"], two.Spec.IpFamilies);
        one.Spec.IpFamilyPolicy = "SingleStack";
        Assert.Equal(["IPv4"], (await _rig.UpdateAsync(one)).Spec.IpFamilies);
    }

    [Fact]
    public async Task Create_NodePort_GetsOneAndRefusesATakenOne()
    {
        var first = await _rig.CreateAsync(RegistryRig.Service("one", type: "NodePort"));
        var port = first.Spec.Ports[0].NodePort;
        var second = RegistryRig.Service("two", type: "NodePort");
        second.Spec.Ports[0].NodePort = port;
        var taken = await Fails(() => _rig.CreateAsync(second));
        var third = RegistryRig.Service("three", type: "NodePort");
        third.Spec.Ports[0].NodePort = 80;
        var outside = await Fails(() => _rig.CreateAsync(third));

        Assert.InRange(port, 30000, 32767);
        Assert.Equal($"Service \"two\" is invalid: spec.ports[0].nodePort: Invalid value: {port}: provided port is already allocated", taken.Message);
        Assert.Contains("The range of valid ports is 30000-32767", outside.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_ToClusterIP_FreesTheNodePort()
    {
        var service = (await _rig.CreateAsync(RegistryRig.Service("one", type: "NodePort"))).Clone();
        var (address, port) = (service.Spec.ClusterIP, service.Spec.Ports[0].NodePort);
        service.Spec.Type = "ClusterIP";
        var plain = await _rig.UpdateAsync(service);
        var other = RegistryRig.Service("two", type: "NodePort");
        other.Spec.Ports[0].NodePort = port;
        var reuse = await _rig.CreateAsync(other);

        Assert.Equal(address, plain.Spec.ClusterIP);
        Assert.Equal(0, plain.Spec.Ports[0].NodePort);
        Assert.Equal(port, reuse.Spec.Ports[0].NodePort);
    }

    [Fact]
    public async Task Update_WithoutAddresses_KeepsWhatItHas()
    {
        var before = await _rig.CreateAsync(RegistryRig.Service("one", type: "NodePort"));
        var update = RegistryRig.Service("one", type: "NodePort");
        update.Metadata.Labels["new"] = "label";
        var after = await _rig.UpdateAsync(update);

        Assert.Equal(before.Spec.ClusterIP, after.Spec.ClusterIP);
        Assert.Equal(before.Spec.Ports[0].NodePort, after.Spec.Ports[0].NodePort);
    }

    [Fact]
    public async Task Update_OfAPortsNumber_KeepsTheNodePortOfItsName()
    {
        var before = await _rig.CreateAsync(TwoPorts(80, 443));
        var moved = await _rig.UpdateAsync(TwoPorts(8080, 8443));
        var crossed = TwoPorts(80, 443);
        crossed.Spec.Ports[0].NodePort = before.Spec.Ports[1].NodePort;
        var after = await _rig.UpdateAsync(crossed);

        Assert.Equal(before.Spec.Ports.Select(port => port.NodePort), moved.Spec.Ports.Select(port => port.NodePort));
        Assert.Equal(before.Spec.Ports[1].NodePort, after.Spec.Ports[0].NodePort);
        Assert.NotEqual(after.Spec.Ports[0].NodePort, after.Spec.Ports[1].NodePort);

        static Service TwoPorts(int http, int https)
        {
            var service = RegistryRig.Service("one", type: "NodePort");
            (service.Spec.Ports[0].Name, service.Spec.Ports[0].Port) = ("http", http);
            service.Spec.Ports.Add(new ServicePort { Name = "https", Port = https, Protocol = "TCP" });
            return service;
        }
    }

    [Fact]
    public async Task Patch_ThroughAllTypes_AllocatesAndFrees()
    {
        var address = (await _rig.CreateAsync(RegistryRig.Service("one"))).Spec.ClusterIP;
        var nodePort = await PatchAsync("""{"spec":{"type":"NodePort"}}""");
        var external = await PatchAsync("""{"spec":{"type":"ExternalName","externalName":"example.com"}}""");
        var taken = await _rig.CreateAsync(RegistryRig.Service("two", address));
        var back = await PatchAsync("""{"spec":{"type":"ClusterIP","externalName":null}}""");

        Assert.Equal(address, nodePort.Spec.ClusterIP);
        Assert.InRange(nodePort.Spec.Ports[0].NodePort, 30000, 32767);
        Assert.Equal("", external.Spec.ClusterIP);
        Assert.Empty(external.Spec.ClusterIPs);
        Assert.Equal(0, external.Spec.Ports[0].NodePort);
        Assert.Equal(address, taken.Spec.ClusterIP);
        Assert.NotEqual("", back.Spec.ClusterIP);
        Assert.NotEqual(address, back.Spec.ClusterIP);
    }

    [Fact]
    public async Task Create_OnTwoServersAtOnce_GivesEachItsOwn()
    {
        var options = new RegistryOptions { ServiceRange = IPNetwork.Parse("10.99.0.0/26") };
        await using var rig = await RegistryRig.StartAsync(options: options);
        await using var other = await RegistryRig.HostOn(rig.Store, options);
        IResourceRegistry[] servers = [rig.Registry, other.Registry];
        // 62 addresses less the two of the system's services.
        var services = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(async () => (Service)(await servers[i % 2].CreateAsync(
            RegistryRig.Scope<Service>(), RegistryRig.Service($"s{i}", type: "NodePort"), default)).Message)));

        Assert.Equal(60, services.Select(service => service.Spec.ClusterIP).Distinct().Count());
        Assert.Equal(60, services.Select(service => service.Spec.Ports[0].NodePort).Distinct().Count());
        var full = await Fails(async () => await rig.Registry.CreateAsync(RegistryRig.Scope<Service>(), RegistryRig.Service("full"), default));
        Assert.Contains("range is full", full.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Claims_AfterWritesThatFailedOrWereCutOff_AreThoseOfTheServices(int seed)
    {
        UnreliableStore store = null!;
        await using var rig = await RegistryRig.StartAsync(inner => store = new UnreliableStore(inner, new Random(seed)));
        store.Trouble = 15;
        var random = new Random(seed);
        var steps = Enumerable.Range(0, 300).Select(_ => (Name: $"s{random.Next(40)}", What: random.Next(5))).ToList();
        await Parallel.ForEachAsync(steps, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (step, _) => await TryAsync(rig.Registry, step.Name, step.What));
        store.Trouble = 0;

        // Another server, which has seen nothing of it, finds no number held that no service has, and each that one has held.
        await using var other = await RegistryRig.HostOn(store);
        var list = await other.Registry.ListAsync(RegistryRig.Scope<Service>(ns: null), new ListOptions(), default);
        var services = list.Items.Select(item => (Service)item.Object).ToList();
        var needed = services.Select(service => service.Spec.ClusterIP).Where(address => address is not ("" or "None")).Select(Claims.ServiceAddress)
            .Concat(services.SelectMany(service => service.Spec.Ports).Where(port => port.NodePort != 0).Select(port => Claims.NodePort(port.NodePort)));
        var held = await HeldAsync(store, "serviceips/");
        held.AddRange(await HeldAsync(store, "nodeports/"));
        Assert.True(services.Count > 5);
        Assert.Equal(needed.Order(StringComparer.Ordinal), held.Order(StringComparer.Ordinal));
    }

    private static async Task TryAsync(IResourceRegistry registry, string name, int what)
    {
        try
        {
            switch (what)
            {
                case 0 or 1:
                    await registry.CreateAsync(RegistryRig.Scope<Service>(), RegistryRig.Service(name, type: what == 0 ? "NodePort" : "ClusterIP"), default);
                    break;
                case 2:
                    await registry.DeleteAsync(RegistryRig.Scope<Service>(name), new DeleteOptions(), default);
                    break;
                default:
                    var patch = what == 3 ? """{"spec":{"type":"ClusterIP","ports":[{"port":80,"nodePort":null}]}}""" : """{"spec":{"type":"NodePort"}}""";
                    await registry.PatchAsync(RegistryRig.Scope<Service>(name), "application/strategic-merge-patch+json", Encoding.UTF8.GetBytes(patch), default);
                    break;
            }
        }
        catch (Exception e) when (e is StatusException or StoreException)
        {
            // It was there, it was not, or the store failed.
        }
    }

    private static async Task<List<string>> HeldAsync(UnreliableStore store, string kind) =>
        [.. (await store.RangeAsync(Claims.Root + kind, null, 0, 0, default)).Entries.Select(entry => entry.Key)];

    private async Task<Service> PatchAsync(string patch) => (Service)(await _rig.Registry.PatchAsync(
        RegistryRig.Scope<Service>("one"), "application/strategic-merge-patch+json", Encoding.UTF8.GetBytes(patch), default)).Object.Message;

    private static Task<StatusException> Fails(Func<Task> call) => Assert.ThrowsAsync<StatusException>(call);
}
