using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Containers;

namespace Cluster.Kubelet.Nodes;

/// <summary>The node's condition at one moment.</summary>
/// <param name="Trouble">Why the node is not ready; null when it is.</param>
internal sealed record NodeHealth(string? Trouble, bool MemoryPressure, bool DiskPressure, bool PidPressure);

/// <summary>Computes the part of a Node that the kubelet answers for. Pure.</summary>
internal static class NodeStatusBuilder
{
    private const int MaxImages = 50;

    public static Node Registration(KubeletOptions options, HostFacts host)
    {
        var node = new Node { Metadata = new() { Name = options.NodeName }, Spec = new(), Status = new() };
        foreach (var (name, value) in Labels(options, host)) node.Metadata.Labels[name] = value;
        node.Metadata.Annotations["volumes.kubernetes.io/controller-managed-attach-detach"] = "true";
        return node;
    }

    public static Dictionary<string, string> Labels(KubeletOptions options, HostFacts host)
    {
        var labels = new Dictionary<string, string>(options.NodeLabels)
        {
            ["kubernetes.io/hostname"] = options.NodeName,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = host.Architecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["beta.kubernetes.io/arch"] = host.Architecture,
        };
        return labels;
    }

    public static NodeStatus Build(
        NodeStatus? before, KubeletOptions options, HostFacts host, NodeHealth health, IReadOnlyList<ImageDetails> images, int port,
        DateTimeOffset now)
    {
        var status = before?.Clone() ?? new NodeStatus();
        Fill(status.Capacity, host.Capacity);
        Fill(status.Allocatable, host.Allocatable);
        status.Addresses.Clear();
        status.Addresses.Add(new NodeAddress { Type = "InternalIP", Address = options.NodeAddress });
        status.Addresses.Add(new NodeAddress { Type = "Hostname", Address = options.NodeName });
        status.DaemonEndpoints = new NodeDaemonEndpoints { KubeletEndpoint = new DaemonEndpoint { Port = port } };
        status.NodeInfo = Info(options, host);
        status.Images.Clear();
        status.Images.AddRange(images.OrderByDescending(image => image.SizeBytes).Take(MaxImages).Select(Shown));
        AddConditions(status, health, now);
        return status;
    }

    private static void Fill(
        Google.Protobuf.Collections.MapField<string, Api.Resource.Quantity> map, IReadOnlyDictionary<string, QuantityValue> amounts)
    {
        foreach (var (name, amount) in amounts) map[name] = amount.ToQuantity();
    }

    private static NodeSystemInfo Info(KubeletOptions options, HostFacts host) => new()
    {
        MachineID = host.MachineId,
        SystemUUID = host.SystemUuid,
        BootID = host.BootId,
        KernelVersion = host.KernelVersion,
        OsImage = host.OsImage,
        ContainerRuntimeVersion = host.RuntimeVersion,
        KubeletVersion = options.KubernetesVersion,
        KubeProxyVersion = options.KubernetesVersion,
        OperatingSystem = "linux",
        Architecture = host.Architecture,
    };

    private static ContainerImage Shown(ImageDetails image)
    {
        var shown = new ContainerImage { SizeBytes = image.SizeBytes };
        shown.Names.AddRange(image.Digests.Concat(image.Tags));
        return shown;
    }

    private static void AddConditions(NodeStatus status, NodeHealth health, DateTimeOffset now)
    {
        Set(
            status, "MemoryPressure", health.MemoryPressure,
            ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
            ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"), now);
        Set(
            status, "DiskPressure", health.DiskPressure, ("KubeletHasDiskPressure", "kubelet has disk pressure"),
            ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"), now);
        Set(
            status, "PIDPressure", health.PidPressure, ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
            ("KubeletHasSufficientPID", "kubelet has sufficient PID available"), now);
        Set(
            status, "Ready", health.Trouble is null, ("KubeletReady", "kubelet is posting ready status"),
            ("KubeletNotReady", health.Trouble ?? ""), now);
    }

    private static void Set(
        NodeStatus status, string type, bool holds, (string Reason, string Message) whenTrue, (string Reason, string Message) whenFalse,
        DateTimeOffset now)
    {
        var (reason, message) = holds ? whenTrue : whenFalse;
        var value = holds ? "True" : "False";
        var condition = status.Conditions.FirstOrDefault(candidate => candidate.Type == type);
        if (condition is null) status.Conditions.Add(condition = new NodeCondition { Type = type });
        if (condition.Status != value || condition.LastTransitionTime is null) condition.LastTransitionTime = now.ToTime();
        (condition.Status, condition.Reason, condition.Message) = (value, reason, message);
        condition.LastHeartbeatTime = now.ToTime();
    }
}
