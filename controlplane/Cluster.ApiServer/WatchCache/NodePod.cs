using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;

namespace Cluster.ApiServer.WatchCache;

/// <summary>What bindings ask of a pod on a node, taken from it once; the pod itself is not held.</summary>
internal sealed class NodePod(string key, Pod pod, SharedRequests shared)
{
    public string Key { get; } = key;

    public bool IsTerminal { get; } = pod.IsTerminal();

    public ContainerPort[] HostPorts { get; } = HostPortsOf(pod).ToArray();

    public IReadOnlyDictionary<string, QuantityValue> Requests { get; } = shared.Share(Pods.Requests(pod.Spec));

    public static IEnumerable<ContainerPort> HostPortsOf(Pod pod) =>
        pod.Spec.Containers.SelectMany(container => container.Ports).Where(port => port.HostPort != 0).Select(port => port.Clone());
}
