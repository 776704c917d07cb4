namespace Cluster.Containers;

/// <summary>The container that holds a pod's network and IPC namespaces. Immutable.</summary>
public sealed record SandboxSpec
{
    public required string Name { get; init; }

    public required string Hostname { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public bool HostNetwork { get; init; }

    public bool HostPid { get; init; }

    public bool HostIpc { get; init; }

    public IReadOnlyList<PortMapping> Ports { get; init; } = [];

    public IReadOnlyList<BindMount> Mounts { get; init; } = [];

    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    /// <summary>The cgroup the pod's containers live under; empty for the engine's own.</summary>
    public string CgroupParent { get; init; } = "";
}

/// <summary>A port of the pod published on the host.</summary>
/// <param name="Protocol">tcp, udp or sctp.</param>
/// <param name="HostAddress">The host's address; empty for all.</param>
public readonly record struct PortMapping(int ContainerPort, int HostPort, string Protocol, string HostAddress);

/// <summary>A directory or file of the host seen in the container.</summary>
/// <param name="Propagation">rshared, rslave, or null for private.</param>
public readonly record struct BindMount(string HostPath, string ContainerPath, bool ReadOnly, string? Propagation = null);
