using Cluster.Dataplane.Addresses;

namespace Cluster.Dataplane.SocketLb;

/// <summary>How the connect-time path runs. Read at start.</summary>
public sealed record SocketLoadBalancerOptions
{
    /// <summary>The cgroup v2 folder whose processes are served; null: the root of the hierarchy, which is every process.</summary>
    public string? CgroupPath { get; init; }

    /// <summary>
    /// A folder of ours: a BPF file system is mounted there, which others may share, and what is pinned in it goes on working without a
    /// process. Null: nothing outlives this process.
    /// </summary>
    public string? PinPath { get; init; }

    /// <summary>Where in it our pins are.</summary>
    internal string? PinFolder => PinPath is { } path ? FolderIn(path) : null;

    /// <summary>How long it is waited for another process that has the folder, such as an earlier one on its way out.</summary>
    public TimeSpan LockPatience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Only service ports that ask for the path connect are taken, and nothing is attached before the first of them. False: TCP that asks for nothing, too.</summary>
    public bool OnlyWhereAsked { get; init; }

    /// <summary>Places on services' addresses that others answer, such as DNS: never led anywhere.</summary>
    public IReadOnlyCollection<Place> Reserved { get; init; } = [];

    /// <summary>Where files of network namespaces are found; those with an address of the pod ranges are served beside the host's.</summary>
    public IReadOnlyList<string> NamespaceFolders { get; init; } = [];

    /// <summary>Told of each thing before it is made on the host: <c>bpffs /run/cluster/bpf</c>.</summary>
    public Action<string>? Owned { get; init; }

    /// <summary>How long an unconnected UDP socket that is silent keeps its backend.</summary>
    public TimeSpan UdpIdleTimeout { get; init; } = TimeSpan.FromSeconds(250);

    /// <summary>How long TCP connections of a backend that its service no longer has may go on; then they are reset. Kubernetes' default grace of pods.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often it is looked for backends that do not take connections and for what is over time.</summary>
    public TimeSpan WatchPeriod { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Service ports, those of two address families twice (64 bytes each of the kernel's memory). Those beyond take the loops.</summary>
    public int MaxServices { get; init; } = 16_384;

    /// <summary>Backends of all service ports together (64 bytes each).</summary>
    public int MaxBackends { get; init; } = 131_072;

    /// <summary>Room of all lists together (8 bytes each): a list takes three and its turns, rounded up to a power of two, and twice so while it changes.</summary>
    public int MaxSlots { get; init; } = 524_288;

    /// <summary>Addresses and ports (about 80 bytes each, as they are used).</summary>
    public int MaxFrontends { get; init; } = 131_072;

    /// <summary>Clients with affinity, and flows of unconnected UDP sockets (about 100 bytes each); the least recently used make room.</summary>
    public int MaxFlows { get; init; } = 65_536;

    internal static string FolderIn(string pinPath) => Path.Combine(pinPath, "sockets");
}
