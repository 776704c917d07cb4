using System.Net;

namespace Cluster.Proxy;

/// <summary>How the proxy of a node runs. Read at start.</summary>
public sealed record ProxyOptions
{
    /// <summary>This node's name, which tells endpoints here from those elsewhere.</summary>
    public string NodeName { get; init; } = System.Net.Dns.GetHostName().ToLowerInvariant();

    /// <summary>The node's addresses, at most one of each family; empty: those of the default route's interface.</summary>
    public IReadOnlyList<IPAddress> NodeAddresses { get; init; } = [];

    /// <summary>The service ranges, of one family or both. Empty where they are unknown: then each service address is made local by itself.</summary>
    public IReadOnlyList<IPNetwork> ServiceRanges { get; init; } = [IPNetwork.Parse("10.96.0.0/16"), IPNetwork.Parse("fd00:10:96::/112")];

    /// <summary>The pod ranges: clients there are inside the cluster, so that externalTrafficPolicy is not for them.</summary>
    public IReadOnlyList<IPNetwork> PodRanges { get; init; } = [IPNetwork.Parse("10.244.0.0/16")];

    /// <summary>Node ports are served at the node's addresses in these ranges; empty: at all of them.</summary>
    public IReadOnlyList<IPNetwork> NodePortRanges { get; init; } = [];

    /// <summary>Instead, node ports are served at <see cref="NodeAddresses"/> alone: those the node is known by.</summary>
    public bool NodePortsAtPrimary { get; init; }

    /// <summary>Services are translated by the kernel (nftables) instead of relayed, for hosts whose policy demands it.</summary>
    public bool KernelNat { get; init; }

    /// <summary>Then backends see every client of a virtual address by this node's address, pods too.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>The nftables table of that mode.</summary>
    public string NatTable { get; init; } = "cluster_nat";

    /// <summary>False leaves routes and rules of the host alone: node ports work, virtual addresses don't.</summary>
    public bool CaptureVirtualAddresses { get; init; } = true;

    /// <summary>Where <c>/healthz</c>, <c>/livez</c> and <c>/readyz</c> are served; null for nowhere.</summary>
    public IPEndPoint? Health { get; init; } = new(IPAddress.Any, 10256);

    /// <summary>Where <c>/metrics</c> is served; null for nowhere.</summary>
    public IPEndPoint? Metrics { get; init; } = new(IPAddress.Loopback, 10249);

    /// <summary>Where the cluster's DNS answers; null where another server does.</summary>
    public IPEndPoint? DnsAddress { get; init; } = new(IPAddress.Parse("10.96.0.10"), 53);

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The resolver file whose servers are asked for names outside of the cluster.</summary>
    public string ResolverFile { get; init; } = "/etc/resolv.conf";

    /// <summary>How long DNS answers may be remembered. A change is seen soon: the default of the specification's server, CoreDNS.</summary>
    public TimeSpan DnsTtl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The DNS server's bounds, and whether it spares pods their search path.</summary>
    public Cluster.Dataplane.Dns.DnsServerOptions Dns { get; init; } = new();

    /// <summary>The file in which everything made on the host is written before it is made; null for none.</summary>
    public string? OwnedPath { get; init; }

    /// <summary>The file that keeps the services last seen, for a start while the API is away; null for none. <see cref="NodePlane.RemoveAsync"/> removes it.</summary>
    public string? SavedPath { get; init; }

    /// <summary>A socket on which the kubelet asks for the connections of pods on their way out; null for none.</summary>
    public string? DrainSocket { get; init; }

    /// <summary>False: no BPF; sockets of this node take relays as all others do.</summary>
    public bool ConnectTime { get; init; } = true;

    /// <summary>The cgroup v2 folder whose processes are connected from the start; null: the root of the hierarchy, which is every process.</summary>
    public string? CgroupPath { get; init; }

    /// <summary>Where container runtimes keep the files of network namespaces: pods are those with an address of <see cref="PodRanges"/>.</summary>
    public IReadOnlyList<string> NamespaceFolders { get; init; } = ["/run/docker/netns", "/run/netns"];

    /// <summary>Our nftables table.</summary>
    public string Table { get; init; } = "cluster_services";

    /// <summary>A folder of ours for a BPF file system, so that what is pinned there outlives the process; null: nothing outlives it, and sockets of services are not selected by BPF.</summary>
    public string? PinPath { get; init; } = "/run/cluster/bpf";

    /// <summary>
    /// The bit by which what backends answer to clients beyond the node is brought back here, so that services with externalTrafficPolicy
    /// Local see their clients' addresses; 0: they see the node's.
    /// </summary>
    public uint ReturnMark { get; init; } = 0x0020_0000;

    /// <summary>The routing table for it.</summary>
    public byte ReturnTable { get; init; } = 107;

    /// <summary>The routing protocol number of our routes.</summary>
    public byte RouteProtocol { get; init; } = 107;

    /// <summary>How long a silent UDP flow keeps its backend.</summary>
    public TimeSpan UdpIdleTimeout { get; init; } = TimeSpan.FromSeconds(250);

    /// <summary>How long the connections of a process that has handed over may go on; then they are reset, and it ends.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A change that is not in effect after this time makes the proxy unhealthy. Twice Kubernetes' sync period.</summary>
    public TimeSpan HealthTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
