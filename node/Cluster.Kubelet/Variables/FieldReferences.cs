using System.Globalization;
using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Kubelet.Lifecycle;
using Google.Protobuf.Collections;

namespace Cluster.Kubelet.Variables;

/// <summary>The downward API: what a container may learn of its own pod.</summary>
public static class FieldReferences
{
    /// <summary>The value a field path names.</summary>
    /// <exception cref="ContainerConfigException">The path names nothing that can be read so.</exception>
    public static string Field(Pod pod, string path, PodAddresses addresses) => path switch
    {
        "metadata.name" => pod.Metadata.Name,
        "metadata.namespace" => pod.Metadata.Namespace,
        "metadata.uid" => pod.Metadata.Uid,
        "metadata.labels" => Lines(pod.Metadata.Labels),
        "metadata.annotations" => Lines(pod.Metadata.Annotations),
        "spec.nodeName" => pod.Spec.NodeName,
        "spec.serviceAccountName" => pod.Spec.ServiceAccountName,
        "status.hostIP" or "status.hostIPs" => addresses.HostIP,
        "status.podIP" or "status.podIPs" => addresses.PodIP,
        _ => Subscript(pod, path),
    };

    /// <summary>A container's request or limit divided by the divisor and rounded up; without a limit what the node can give.</summary>
    /// <exception cref="ContainerConfigException">There is no such container or resource.</exception>
    public static string Resource(
        Pod pod, Container container, ResourceFieldSelector selector, IReadOnlyDictionary<string, QuantityValue> allocatable)
    {
        if (selector.ContainerName.Length > 0)
        {
            container = pod.Spec.Containers.Concat(pod.Spec.InitContainers).FirstOrDefault(other => other.Name == selector.ContainerName)
                ?? throw new ContainerConfigException($"container {selector.ContainerName} not found");
        }

        var dot = selector.Resource.IndexOf('.', StringComparison.Ordinal);
        var name = selector.Resource[(dot + 1)..];
        var value = selector.Resource[..Math.Max(dot, 0)] switch
        {
            "limits" => LimitOrAllocatable(container, name, allocatable),
            "requests" => ContainerAmounts.Request(container, name),
            _ => throw new ContainerConfigException($"unsupported container resource : {selector.Resource}"),
        };
        var divisor = QuantityValue.From(selector.Divisor);
        return name == "cpu"
            ? Divide(value.MilliValue, divisor.IsZero ? 1000 : divisor.MilliValue)
            : Divide(value.Value, divisor.IsZero ? 1 : divisor.Value);
    }

    private static QuantityValue LimitOrAllocatable(
        Container container, string name, IReadOnlyDictionary<string, QuantityValue> allocatable)
    {
        var limit = ContainerAmounts.Limit(container, name);
        return limit.IsZero && allocatable.TryGetValue(name, out var all) ? all : limit;
    }

    private static string Divide(long value, long divisor) => ((value + divisor - 1) / divisor).ToString(CultureInfo.InvariantCulture);

    private static string Subscript(Pod pod, string path)
    {
        var open = path.IndexOf("['", StringComparison.Ordinal);
        if (open < 0 || !path.EndsWith("']", StringComparison.Ordinal)) throw Unsupported(path);
        var key = path[(open + 2)..^2];
        return path[..open] switch
        {
            "metadata.labels" => pod.Metadata.Labels.TryGetValue(key, out var label) ? label : "",
            "metadata.annotations" => pod.Metadata.Annotations.TryGetValue(key, out var annotation) ? annotation : "",
            _ => throw Unsupported(path),
        };
    }

    private static string Lines(MapField<string, string> map) =>
        string.Join('\n', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={Quote(pair.Value)}"));

    private static string Quote(string value)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in value)
        {
            quoted.Append(character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ => character.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    private static ContainerConfigException Unsupported(string path) => new($"unsupported fieldPath: {path}");
}

/// <summary>A pod's address and its node's.</summary>
public readonly record struct PodAddresses(string PodIP, string HostIP);
