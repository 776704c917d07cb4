using Cluster.Api;
using Cluster.Api.CoreV1;
using Google.Protobuf.Collections;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>Builds the subsets of an Endpoints object: addresses that have the same ports together, everything sorted.</summary>
internal static class EndpointSubsets
{
    /// <summary>Kubernetes' limit: beyond it an Endpoints object is too much for everyone who watches; slices have them all.</summary>
    public const int Capacity = 1000;

    private const string TolerateUnready = "service.alpha.kubernetes.io/tolerate-unready-endpoints";

    public static RepeatedField<EndpointSubset> Build(Service service, IEnumerable<Pod> pods)
    {
        var all = service.Spec.PublishNotReadyAddresses
            || (service.Metadata.Annotations.TryGetValue(TolerateUnready, out var tolerate) && tolerate == "true");
        var groups = new SortedDictionary<string, EndpointSubset>(StringComparer.Ordinal);
        foreach (var pod in pods.Where(pod => all || !pod.IsTerminating()).OrderBy(pod => pod.Status.PodIP, StringComparer.Ordinal).ThenBy(pod => pod.Metadata.Uid, StringComparer.Ordinal))
        {
            var ports = Ports(service, pod);
            if (ports.Count == 0 && service.Spec.Ports.Count > 0)
            {
                continue;
            }

            var key = string.Join(',', ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}"));
            if (!groups.TryGetValue(key, out var subset))
            {
                groups[key] = subset = new() { Ports = { ports } };
            }

            (all || pod.IsReady() ? subset.Addresses : subset.NotReadyAddresses).Add(Address(service, pod));
        }

        return [.. groups.Values];
    }

    /// <summary>Cuts to the capacity, ready addresses first; true if something was cut.</summary>
    public static bool Truncate(RepeatedField<EndpointSubset> subsets)
    {
        var left = Capacity;
        var cut = false;
        foreach (var list in subsets.Select(subset => subset.Addresses).Concat(subsets.Select(subset => subset.NotReadyAddresses)))
        {
            cut |= list.Count > left;
            while (list.Count > left)
            {
                list.RemoveAt(list.Count - 1);
            }

            left -= list.Count;
        }

        return cut;
    }

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

        return [.. ports.OrderBy(port => port.Name, StringComparer.Ordinal).ThenBy(port => port.Port)];
    }

    private static EndpointAddress Address(Service service, Pod pod)
    {
        var address = new EndpointAddress
        {
            Ip = pod.Status.PodIP,
            NodeName = pod.Spec.NodeName,
            TargetRef = new() { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
        };
        if (pod.Spec.Hostname.Length > 0 && pod.Spec.Subdomain == service.Metadata.Name)
        {
            address.Hostname = pod.Spec.Hostname;
        }

        return address;
    }
}
