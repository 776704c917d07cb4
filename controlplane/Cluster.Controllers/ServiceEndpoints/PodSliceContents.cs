using System.Net;
using System.Net.Sockets;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using EndpointPort = Cluster.Api.DiscoveryV1.EndpointPort;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>What a service's slices shall hold, from its pods.</summary>
internal static class PodSliceContents
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    public static List<SliceContent> Build(Service service, IReadOnlyList<Pod> pods, Informer<Node> nodes)
    {
        var contents = new List<SliceContent>();
        foreach (var family in Families(service))
        {
            var groups = new Dictionary<string, SliceContent>();
            foreach (var pod in pods.OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal))
            {
                if (AddressOf(pod, family) is { } address)
                {
                    var group = new SliceContent(family, Ports(service, pod), []);
                    groups.TryAdd(group.Key, group);
                    groups[group.Key].Endpoints.Add(NewEndpoint(service, pod, address, nodes));
                }
            }

            // A service without endpoints has one empty slice: those who watch see that it has none, not that they do not know.
            contents.AddRange(groups.Count > 0 ? groups.Values : [new SliceContent(family, [], [])]);
        }

        return contents;
    }

    public static string FamilyOf(string address) =>
        IPAddress.TryParse(address, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    private static IReadOnlyList<string> Families(Service service) =>
        service.Spec.IpFamilies.Count > 0 ? service.Spec.IpFamilies : [FamilyOf(service.Spec.ClusterIP)];

    private static string? AddressOf(Pod pod, string family) =>
        pod.Status.PodIPs.Select(one => one.Ip).Append(pod.Status.PodIP).FirstOrDefault(ip => ip.Length > 0 && FamilyOf(ip) == family);

    private static List<EndpointPort> Ports(Service service, Pod pod)
    {
        var ports = new List<EndpointPort>();
        foreach (var port in service.Spec.Ports)
        {
            if (ServicePods.FindPort(pod, port) is { } number)
            {
                var endpoint = new EndpointPort { Name = port.Name, Protocol = ServicePods.Protocol(port.Protocol), Port = number };
                if (port.HasAppProtocol)
                {
                    endpoint.AppProtocol = port.AppProtocol;
                }

                ports.Add(endpoint);
            }
        }

        return ports;
    }

    private static Endpoint NewEndpoint(Service service, Pod pod, string address, Informer<Node> nodes)
    {
        var serving = pod.IsReady();
        var endpoint = new Endpoint
        {
            Addresses = { address },
            Conditions = new()
            {
                Ready = service.Spec.PublishNotReadyAddresses || (serving && !pod.IsTerminating()),
                Serving = serving,
                Terminating = pod.IsTerminating(),
            },
            TargetRef = new() { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
        };
        if (pod.IsScheduled())
        {
            endpoint.NodeName = pod.Spec.NodeName;
            if (nodes.Get(null, pod.Spec.NodeName)?.Metadata.Labels.TryGetValue(ZoneLabel, out var zone) == true)
            {
                endpoint.Zone = zone;
            }
        }

        if (pod.Spec.Hostname.Length > 0 && pod.Spec.Subdomain == service.Metadata.Name)
        {
            endpoint.Hostname = pod.Spec.Hostname;
        }

        return endpoint;
    }
}
