using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Bindings;

/// <summary>Whether one more pod fits a node: what it may never be talked out of, whichever scheduler asks.</summary>
internal static class NodeFit
{
    private const string PodCount = "pods";

    /// <summary>Why the pod does not fit, or null.</summary>
    /// <param name="pod">The pod to come.</param>
    /// <param name="node">Its allocatable is the limit; a node that declares none has none.</param>
    /// <param name="others">The node's pods; those that ended do not count.</param>
    public static string? WhyNot(Pod pod, Node node, IEnumerable<NodePod> others)
    {
        var living = others.Where(other => !other.IsTerminal).ToList();
        return PortClash(pod, living) ?? (node.Status is { Allocatable.Count: > 0 } status ? Shortage(pod, node, status, living) : null);
    }

    private static string? Shortage(Pod pod, Node node, NodeStatus status, List<NodePod> others)
    {
        if (status.Allocatable.TryGetValue(PodCount, out var limit) && others.Count + 1 > QuantityValue.From(limit).Value)
            return Text(node, PodCount, 1, others.Count, QuantityValue.From(limit));

        foreach (var (resource, asked) in Pods.Requests(pod.Spec))
        {
            if (asked.CompareTo(default) <= 0)
                continue;

            var sum = default(QuantityValue);
            foreach (var other in others)
                sum += other.Requests.GetValueOrDefault(resource);
            var allocatable = status.Allocatable.TryGetValue(resource, out var quantity) ? QuantityValue.From(quantity) : default;
            if ((sum + asked).CompareTo(allocatable) > 0)
                return Text(node, resource, asked, sum, allocatable);
        }

        return null;
    }

    private static string Text(Node node, string resource, object asked, object used, object allocatable) =>
        $"node {GoText.Quote(node.Metadata.Name)} has not enough {resource}: requested {asked}, used {used}, allocatable {allocatable}";

    private static string? PortClash(Pod pod, List<NodePod> others)
    {
        var taken = others.SelectMany(other => other.HostPorts).ToList();
        foreach (var wanted in NodePod.HostPortsOf(pod))
        {
            if (taken.Exists(port => Clashes(port, wanted)))
                return $"host port {wanted.HostPort}/{Protocol(wanted)} is taken on the node";
        }

        return null;
    }

    private static bool Clashes(ContainerPort one, ContainerPort other) =>
        one.HostPort == other.HostPort && Protocol(one) == Protocol(other)
        && (IsAnyAddress(one.HostIP) || IsAnyAddress(other.HostIP) || one.HostIP == other.HostIP);

    private static bool IsAnyAddress(string address) => address is "" or "0.0.0.0" or "::";

    private static string Protocol(ContainerPort port) => port.Protocol.Length == 0 ? "TCP" : port.Protocol;
}
