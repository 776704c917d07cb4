using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Reflection;

/// <summary>Turns a Service and its endpoint slices into what the data plane's table holds of it.</summary>
internal static class ServiceTranslator
{
    /// <summary>Kubernetes' default for ClientIP affinity: three hours.</summary>
    private const int DefaultAffinitySeconds = 10_800;

    public static IEnumerable<(Dataplane.Services.ServicePort Port, Backend[] Backends)> Translate(
        Service service, IReadOnlyCollection<EndpointSlice> slices, NodePlace here)
    {
        if (!ServiceNames.IsOurs(service)) yield break;
        var addresses = Addresses(service.Spec.ClusterIPs.Count > 0 ? service.Spec.ClusterIPs : [service.Spec.ClusterIP]);
        if (addresses.IsEmpty) yield break;
        var annotations = new ServiceAnnotations(service);
        var zone = PreferredZone(service.Spec, slices, here);
        foreach (var port in service.Spec.Ports)
        {
            if (ServiceNames.ProtocolOf(port.Protocol) is not { } protocol) continue;
            yield return (
                Port(service, port, protocol, addresses, annotations, zone, here),
                EndpointTranslator.Translate(slices, port.Name, protocol, addresses[0].AddressFamily, here));
        }
    }

    /// <summary>The port on which this node tells whether it has endpoints of the service, and how many; port 0 for none.</summary>
    public static (int Port, int LocalEndpoints) HealthCheck(Service service, IReadOnlyCollection<EndpointSlice> slices, string nodeName)
    {
        if (!ServiceNames.IsOurs(service)) return (0, 0);
        var spec = service.Spec;
        if (spec.HealthCheckNodePort == 0 || spec.Type != "LoadBalancer" || PolicyOf(spec.ExternalTrafficPolicy) != TrafficPolicy.Local) return (0, 0);
        var preferred = IPAddress.TryParse(spec.ClusterIP, out var address) ? address.AddressFamily : AddressFamily.InterNetwork;
        return (spec.HealthCheckNodePort, EndpointTranslator.LocalReady(slices, preferred, nodeName));
    }

    private static Dataplane.Services.ServicePort Port(
        Service service, Api.CoreV1.ServicePort port, ServiceProtocol protocol, ImmutableArray<IPAddress> addresses, ServiceAnnotations annotations, string? zone, NodePlace here)
    {
        var spec = service.Spec;
        return new Dataplane.Services.ServicePort(ServiceNames.IdOf(ObjectKey.Of(service), port.Name, protocol), port.Port)
        {
            VirtualAddresses = addresses,
            ExternalAddresses = Addresses(spec.ExternalIPs),
            LoadBalancerAddresses = Addresses(LoadBalancerAddresses(service)),
            SourceRanges = SourceRanges(spec),
            NodePort = port.NodePort,
            NodePortRanges = here.NodePortRanges,
            Policy = annotations.Policy,
            Path = annotations.Path,
            UdpMode = annotations.UdpMode,
            IdleTimeout = annotations.IdleTimeout,
            ProxyProtocol = annotations.ProxyProtocol,
            Replay = annotations.Replay,
            Rebalance = annotations.Rebalance,
            MaxConnectionAge = annotations.MaxConnectionAge,
            KeepsSource = annotations.KeepsSource,
            PreferredZone = zone,
            ZoneSpillOver = annotations.ZoneSpillOver,
            MaxConnections = annotations.MaxConnections,
            HealthCheck = protocol == ServiceProtocol.Tcp ? annotations.HealthCheck : null,
            AffinityTimeout = AffinityTimeout(spec),
            InternalTrafficPolicy = PolicyOf(spec.HasInternalTrafficPolicy ? spec.InternalTrafficPolicy : ""),
            ExternalTrafficPolicy = PolicyOf(spec.ExternalTrafficPolicy),
        };
    }

    private static TimeSpan AffinityTimeout(ServiceSpec spec)
    {
        if (spec.SessionAffinity != "ClientIP") return TimeSpan.Zero;
        var configured = spec.SessionAffinityConfig?.ClientIP is { HasTimeoutSeconds: true } client ? client.TimeoutSeconds : DefaultAffinitySeconds;
        return TimeSpan.FromSeconds(configured);
    }

    // By the service's own word, or, as kube-proxy does, by the hints of its slices: they count where every endpoint has one.
    private static string? PreferredZone(ServiceSpec spec, IReadOnlyCollection<EndpointSlice> slices, NodePlace here)
    {
        if (here.Zone is null) return null;
        var asked = spec.HasTrafficDistribution && spec.TrafficDistribution is "PreferClose" or "PreferSameZone";
        return asked || EndpointTranslator.AllHinted(slices) ? here.Zone : null;
    }

    private static TrafficPolicy PolicyOf(string policy) => policy == "Local" ? TrafficPolicy.Local : TrafficPolicy.Cluster;

    // An address in mode Proxy belongs to a load balancer that forwards; in mode VIP, the default, packets arrive here with it.
    private static IEnumerable<string> LoadBalancerAddresses(Service service) =>
        service.Status?.LoadBalancer?.Ingress.Where(ingress => !ingress.HasIpMode || ingress.IpMode != "Proxy").Select(ingress => ingress.Ip) ?? [];

    // Written with space around them now and then, and with bits set behind the prefix: Kubernetes takes both.
    private static ImmutableArray<IPNetwork> SourceRanges(ServiceSpec spec) => spec.Type != "LoadBalancer"
        ? []
        : [.. spec.LoadBalancerSourceRanges.Select(Range).OfType<IPNetwork>().Distinct()];

    private static IPNetwork? Range(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash).Trim(), out var address)
            || !int.TryParse(text.AsSpan(slash + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var length)) return null;
        var bytes = address.GetAddressBytes();
        if (length > bytes.Length * 8) return null;
        for (var bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static ImmutableArray<IPAddress> Addresses(IEnumerable<string> texts) =>
        [.. texts.Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>().Distinct()];
}
