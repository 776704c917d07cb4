using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Reflection;

namespace Cluster.Proxy.Tests.Reflection;

public sealed class ServiceTranslatorTests
{
    private static List<(Dataplane.Services.ServicePort Port, Backend[] Backends)> Translate(Service service, params Endpoint[] endpoints) =>
        [.. ServiceTranslator.Translate(service, [Make.Slice(service.Metadata.Name, 8080, endpoints.Length > 0 ? endpoints : [Make.Endpoint("10.0.0.1")])], new NodePlace("here", "west"))];

    [Fact]
    public void Translate_Service_NamesPortsAsKubernetesDoes()
    {
        var ports = Translate(Make.Service("web", "10.96.0.5", Make.Port(80), Make.Port(443, "https"), Make.Port(53, "dns", "UDP"))).Select(pair => pair.Port.Id.ToString());
        Assert.Equal(["shop/web/TCP", "shop/web:https/TCP", "shop/web:dns/UDP"], ports);
    }

    [Fact]
    public void Translate_SctpPort_IsLeftOut() => Assert.Empty(Translate(Make.Service("web", "10.96.0.5", Make.Port(80, "", "SCTP"))));

    [Theory]
    [InlineData("None")]
    [InlineData("")]
    public void Translate_Headless_IsLeftOut(string clusterIP) => Assert.Empty(Translate(Make.Service("web", clusterIP, Make.Port(80))));

    [Theory]
    [InlineData("service.kubernetes.io/service-proxy-name")]
    [InlineData("service.kubernetes.io/headless")]
    public void Translate_LabelledForOthers_IsLeftOut(string label)
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        service.Metadata.Labels[label] = "x";
        Assert.Empty(Translate(service));
    }

    [Fact]
    public void Translate_Affinity_HasKubernetesDefaultOrItsOwnTimeout()
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        Assert.Equal(TimeSpan.Zero, Translate(service)[0].Port.AffinityTimeout);
        service.Spec.SessionAffinity = "ClientIP";
        Assert.Equal(TimeSpan.FromHours(3), Translate(service)[0].Port.AffinityTimeout);
        service.Spec.SessionAffinityConfig = new SessionAffinityConfig { ClientIP = new ClientIPConfig { TimeoutSeconds = 60 } };
        Assert.Equal(TimeSpan.FromMinutes(1), Translate(service)[0].Port.AffinityTimeout);
    }

    [Fact]
    public void Translate_Annotations_ChoosePolicyPathAndModes()
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        service.Metadata.Annotations[ServiceAnnotations.PolicyKey] = "p2c";
        service.Metadata.Annotations[ServiceAnnotations.PathKey] = "managed";
        service.Metadata.Annotations[ServiceAnnotations.UdpModeKey] = "per-datagram";
        service.Metadata.Annotations[ServiceAnnotations.ProxyProtocolKey] = "v2";
        service.Metadata.Annotations[ServiceAnnotations.ReplayKey] = "true";
        service.Metadata.Annotations[ServiceAnnotations.RebalanceKey] = "true";
        service.Metadata.Annotations[ServiceAnnotations.MaxConnectionAgeKey] = "600";
        service.Metadata.Annotations[ServiceAnnotations.ZoneSpillOverKey] = "100";
        service.Metadata.Annotations[ServiceAnnotations.IdleKey] = "30";
        service.Metadata.Annotations[ServiceAnnotations.MaxConnectionsKey] = "500";
        var port = Translate(service)[0].Port;
        Assert.Equal(("p2c", ServicePath.Managed, UdpMode.PerDatagram, true, 100), (port.Policy, port.Path, port.UdpMode, port.ProxyProtocol, port.ZoneSpillOver));
        Assert.Equal(TimeSpan.FromSeconds(30), port.IdleTimeout);
        Assert.Equal((true, true, TimeSpan.FromMinutes(10)), (port.Replay, port.Rebalance, port.MaxConnectionAge));
        Assert.Equal((500, null), (port.MaxConnections, port.HealthCheck));
        Assert.Empty(new ServiceAnnotations(service).Problems);
    }

    [Theory]
    [InlineData("tcp", null, null, 2)]
    [InlineData("/healthz?deep=1", "5", "/healthz?deep=1", 5)]
    public void Translate_HealthCheckAsked_IsOfTcpPortsAlone(string asked, string? interval, string? path, int seconds)
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80), Make.Port(53, "dns", protocol: "UDP"));
        service.Metadata.Annotations[ServiceAnnotations.HealthCheckKey] = asked;
        if (interval is not null) service.Metadata.Annotations[ServiceAnnotations.HealthCheckIntervalKey] = interval;
        var ports = Translate(service).ToDictionary(translated => translated.Port.Id.Protocol, translated => translated.Port);
        Assert.Equal(new HealthCheck { HttpPath = path, Interval = TimeSpan.FromSeconds(seconds) }, ports[ServiceProtocol.Tcp].HealthCheck);
        Assert.Null(ports[ServiceProtocol.Udp].HealthCheck);
        Assert.Empty(new ServiceAnnotations(service).Problems);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("3601")]
    [InlineData("2s")]
    public void Translate_HealthCheckAskedTooSeldomOrTooOften_IsAsUsualAndTold(string interval)
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        service.Metadata.Annotations[ServiceAnnotations.HealthCheckKey] = "tcp";
        service.Metadata.Annotations[ServiceAnnotations.HealthCheckIntervalKey] = interval;
        Assert.Equal(new HealthCheck(), Translate(service)[0].Port.HealthCheck);
        Assert.Equal([$"annotation cluster.local/health-check-interval is {interval}; it must be a number of seconds from 1 to 3600"], new ServiceAnnotations(service).Problems);
    }

    [Fact]
    public void Translate_AnnotationsNotKnown_CountAsNotGivenAndAreTold()
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        service.Metadata.Annotations[ServiceAnnotations.PolicyKey] = "fastest";
        service.Metadata.Annotations[ServiceAnnotations.ZoneSpillOverKey] = "many";
        service.Metadata.Annotations[ServiceAnnotations.HealthCheckKey] = "http";
        Assert.Null(Translate(service)[0].Port.Policy);
        Assert.Null(Translate(service)[0].Port.HealthCheck);
        Assert.Equal(
            [
                "annotation cluster.local/balancing-policy is fastest; it must be one of round-robin, weighted, p2c, maglev",
                "annotation cluster.local/health-check is http; it must be tcp, or the path of an HTTP request, such as /healthz",
                "annotation cluster.local/zone-spill-over is many; it must be a number of connections",
            ],
            new ServiceAnnotations(service).Problems.Order());
    }

    [Fact]
    public void Translate_TrafficDistribution_PrefersTheZoneOfTheNode()
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        Assert.Null(Translate(service, InZone("10.0.0.1", "west"))[0].Port.PreferredZone);
        service.Spec.TrafficDistribution = "PreferClose";
        var (port, backends) = Translate(service, InZone("10.0.0.1", "west"), InZone("10.0.0.2", "east"))[0];
        Assert.Equal("west", port.PreferredZone);
        Assert.Equal(["west", "east"], backends.Select(backend => backend.Zone));
    }

    [Fact]
    public void Translate_HintsOnEveryEndpoint_DecideWhoIsNear()
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        var (port, backends) = Translate(service, InZone("10.0.0.1", "west", "east"), InZone("10.0.0.2", "east", "west", "north"))[0];
        Assert.Equal("west", port.PreferredZone);
        Assert.Equal([null, "west"], backends.Select(backend => backend.Zone));
        Assert.Null(Translate(service, InZone("10.0.0.1", "west"), InZone("10.0.0.2", "east", "west"))[0].Port.PreferredZone);
    }

    [Fact]
    public void Translate_EndpointThatIsNotReady_NeedsNoHint()
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        var starting = InZone("10.0.0.3", "west");
        starting.Conditions = new EndpointConditions { Ready = false };
        var (port, backends) = Translate(service, InZone("10.0.0.1", "west", "west"), InZone("10.0.0.2", "east", "east"), starting)[0];
        Assert.Equal("west", port.PreferredZone);
        Assert.Equal(["west", null, null], backends.Select(backend => backend.Zone));
    }

    private static Endpoint InZone(string address, string zone, params string[] hints)
    {
        var endpoint = Make.Endpoint(address);
        endpoint.Zone = zone;
        if (hints.Length > 0) endpoint.Hints = new EndpointHints();
        foreach (var hint in hints) endpoint.Hints.ForZones.Add(new ForZone { Name = hint });
        return endpoint;
    }

    [Fact]
    public void Translate_PoliciesAndAddresses_AreCarriedOver()
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80, nodePort: 30080));
        service.Spec.ExternalTrafficPolicy = "Local";
        service.Spec.InternalTrafficPolicy = "Local";
        service.Spec.ExternalIPs.Add("198.51.100.1");
        service.Status = new ServiceStatus { LoadBalancer = new LoadBalancerStatus() };
        service.Status.LoadBalancer.Ingress.Add(new LoadBalancerIngress { Ip = "198.51.100.2" });
        service.Status.LoadBalancer.Ingress.Add(new LoadBalancerIngress { Ip = "198.51.100.3", IpMode = "Proxy" });

        var port = Translate(service)[0].Port;
        Assert.Equal((TrafficPolicy.Local, TrafficPolicy.Local, 30080), (port.InternalTrafficPolicy, port.ExternalTrafficPolicy, port.NodePort));
        Assert.Equal("10.96.0.5", Assert.Single(port.VirtualAddresses).ToString());
        Assert.Equal(["198.51.100.1"], port.ExternalAddresses.Select(address => address.ToString()));
        Assert.Equal(["198.51.100.2"], port.LoadBalancerAddresses.Select(address => address.ToString()));
    }

    [Theory]
    [InlineData("Local", null, null, true, null)]
    [InlineData("Local", "node", null, false, null)]
    [InlineData("Local", "client", null, true, null)]
    [InlineData("Cluster", null, null, false, null)]
    [InlineData("Cluster", "client", null, false, "annotation cluster.local/source-address is client, but externalTrafficPolicy is not Local: backends of other nodes would answer past this one")]
    [InlineData("Local", "client", "managed", false, "annotation cluster.local/source-address is client, but path managed speaks from the node's address alone")]
    public void Translate_SourceAddress_IsKeptWhereItCanBeAndRefusedWithTheReason(string policy, string? asked, string? path, bool kept, string? problem)
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        service.Spec.ExternalTrafficPolicy = policy;
        if (asked is not null) service.Metadata.Annotations["cluster.local/source-address"] = asked;
        if (path is not null) service.Metadata.Annotations["cluster.local/path"] = path;
        Assert.Equal(kept, Translate(service)[0].Port.KeepsSource);
        Assert.Equal(problem, new ServiceAnnotations(service).Problems.SingleOrDefault());
    }

    [Fact]
    public void Translate_SourceRanges_AreReadAsKubernetesReadsThem()
    {
        var service = Make.Service("web", "10.96.0.5", Make.Port(80));
        service.Spec.LoadBalancerSourceRanges.AddRange([" 203.0.113.9/24 ", "fd00:1::5/64", "192.0.2.7/32", "nonsense", "10.0.0.0/40"]);
        Assert.Empty(Translate(service)[0].Port.SourceRanges);
        service.Spec.Type = "LoadBalancer";
        Assert.Equal(["203.0.113.0/24", "fd00:1::/64", "192.0.2.7/32"], Translate(service)[0].Port.SourceRanges.Select(range => range.ToString()));
    }
}
