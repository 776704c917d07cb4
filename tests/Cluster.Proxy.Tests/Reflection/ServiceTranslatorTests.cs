using Cluster.Api.CoreV1;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Reflection;

namespace Cluster.Proxy.Tests.Reflection;

public sealed class ServiceTranslatorTests
{
    private static List<(Dataplane.Services.ServicePort Port, Backend[] Backends)> Translate(Service service) =>
        [.. ServiceTranslator.Translate(service, [Make.Slice(service.Metadata.Name, 8080, Make.Endpoint("10.0.0.1"))], "here")];

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
