namespace Cluster.Containers;

/// <summary>A container to be made in a sandbox. Immutable.</summary>
public sealed record ContainerSpec
{
    public required string Name { get; init; }

    /// <summary>The image's id or reference; it must be on the machine.</summary>
    public required string Image { get; init; }

    public required string SandboxId { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>Replaces the image's entrypoint; empty keeps it.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Replaces the image's arguments; empty keeps them.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>NAME=value each.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    public string WorkingDirectory { get; init; } = "";

    public IReadOnlyList<BindMount> Mounts { get; init; } = [];

    public bool Stdin { get; init; }

    public bool StdinOnce { get; init; }

    public bool Tty { get; init; }

    public bool HostNetwork { get; init; }

    public bool HostPid { get; init; }

    public bool HostIpc { get; init; }

    /// <summary>The containers of the pod see each other's processes.</summary>
    public bool ShareProcessNamespace { get; init; }

    /// <summary>Id of a running container whose processes this one sees and is among; empty for none. It goes before the others.</summary>
    public string ProcessNamespaceOf { get; init; } = "";

    public ContainerResources Resources { get; init; } = new();

    public ContainerSecurity Security { get; init; } = new();

    /// <summary>The cgroup the pod's containers live under; empty for the engine's own.</summary>
    public string CgroupParent { get; init; } = "";
}

/// <summary>Limits in the engine's units; zero is no limit.</summary>
public sealed record ContainerResources
{
    public long CpuShares { get; init; }

    /// <summary>Microseconds per <see cref="CpuPeriod"/>.</summary>
    public long CpuQuota { get; init; }

    /// <summary>Microseconds.</summary>
    public long CpuPeriod { get; init; }

    public long MemoryBytes { get; init; }

    public int OomScoreAdjustment { get; init; }
}

/// <summary>Who the container runs as and what it may do.</summary>
public sealed record ContainerSecurity
{
    /// <summary>uid[:gid]; empty for the image's user.</summary>
    public string User { get; init; } = "";

    public IReadOnlyList<string> SupplementalGroups { get; init; } = [];

    public bool Privileged { get; init; }

    public bool ReadOnlyRootFilesystem { get; init; }

    public bool NoNewPrivileges { get; init; }

    public bool SeccompUnconfined { get; init; }

    public IReadOnlyList<string> AddCapabilities { get; init; } = [];

    public IReadOnlyList<string> DropCapabilities { get; init; } = [];
}
