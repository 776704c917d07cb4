using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Kubelet.Nodes;

namespace Cluster.Kubelet.PodWorkers;

/// <summary>
/// Whether a pod fits beside the others here. Schedulers have decided that already, but a pod with a nodeName of its own, or a
/// scheduler behind the times, comes past them.
/// </summary>
internal static class PodAdmission
{
    /// <summary>Null: it fits; else the reason and message of its failure.</summary>
    public static (string Reason, string Message)? Check(Pod pod, IReadOnlyCollection<Pod> others, HostFacts host, int maxPods)
    {
        if (others.Count >= maxPods) return Refused("pods", 1, others.Count, maxPods);
        foreach (var name in new[] { "cpu", "memory" })
        {
            var requested = Request(pod, name);
            var used = others.Sum(other => Request(other, name));
            var capacity = Amount(host.Allocatable[name], name);
            if (requested > 0 && used + requested > capacity) return Refused(name, requested, used, capacity);
        }

        var taken = others.SelectMany(HostPorts).ToHashSet();
        return HostPorts(pod).Any(taken.Contains) ? ("NodePorts", "Pod was rejected: Predicate NodePorts failed") : null;
    }

    private static (string Reason, string Message) Refused(string resource, long requested, long used, long capacity) =>
        ($"OutOf{resource}", $"Pod was rejected: Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}");

    private static long Request(Pod pod, string name) =>
        Pods.Requests(pod.Spec).TryGetValue(name, out var amount) ? Amount(amount, name) : 0;

    private static long Amount(Api.Quantities.QuantityValue value, string name) => name == "cpu" ? value.MilliValue : value.Value;

    private static IEnumerable<(string Protocol, int Port)> HostPorts(Pod pod) =>
        from container in pod.Spec.Containers
        from port in container.Ports
        let number = pod.Spec.HostNetwork ? port.ContainerPort_ : port.HostPort
        where number > 0
        select (port.Protocol.Length == 0 ? "TCP" : port.Protocol, number);
}
