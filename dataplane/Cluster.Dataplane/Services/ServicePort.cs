using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Health;

namespace Cluster.Dataplane.Services;

/// <summary>One port of a service as the data plane sees it: where it is reached and how backends are chosen. Immutable.</summary>
public sealed class ServicePort(ServicePortId id, int port)
{
    public ServicePortId Id { get; } = id;

    /// <summary>The port on the virtual and external addresses.</summary>
    public int Port { get; } = port;

    /// <summary>Virtual (cluster) addresses, at most one of each family in a cluster.</summary>
    public ImmutableArray<IPAddress> VirtualAddresses { get; init; } = [];

    /// <summary>External addresses that this node answers for.</summary>
    public ImmutableArray<IPAddress> ExternalAddresses { get; init; } = [];

    /// <summary>Addresses of load balancers whose packets arrive here with them; open to <see cref="SourceRanges"/>.</summary>
    public ImmutableArray<IPAddress> LoadBalancerAddresses { get; init; } = [];

    /// <summary>Clients that may use the load balancer addresses; none: everybody.</summary>
    public ImmutableArray<IPNetwork> SourceRanges { get; init; } = [];

    /// <summary>The port on the node's own addresses; 0 for none.</summary>
    public int NodePort { get; init; }

    /// <summary>The port is served at the node's addresses in these ranges; none: at all of them.</summary>
    public ImmutableArray<IPNetwork> NodePortRanges { get; init; } = [];

    /// <summary>Name of the balancing policy; null for round robin.</summary>
    public string? Policy { get; init; }

    /// <summary>How long a client keeps its backend after its last use; zero for no affinity.</summary>
    public TimeSpan AffinityTimeout { get; init; }

    public TrafficPolicy InternalTrafficPolicy { get; init; }

    public TrafficPolicy ExternalTrafficPolicy { get; init; }

    /// <summary>The way through the node that is asked for.</summary>
    public ServicePath Path { get; init; }

    /// <summary>How UDP is passed on.</summary>
    public UdpMode UdpMode { get; init; }

    /// <summary>Backends are told each TCP client's address by a PROXY protocol header, version 2.</summary>
    public bool ProxyProtocol { get; init; }

    /// <summary>Local backends see clients beyond the node by their own addresses, where what they answer comes by this node.</summary>
    public bool KeepsSource { get; init; }

    /// <summary>How backends are asked whether they answer; null: only by the connections they are given.</summary>
    public HealthCheck? HealthCheck { get; init; }

    /// <summary>TCP connections older than this are ended when nothing is under way on them; zero: none is.</summary>
    public TimeSpan MaxConnectionAge { get; init; }

    /// <summary>TCP connections of backends that have more than their share are ended, a few at a time and when nothing is under way on them.</summary>
    public bool Rebalance { get; init; }

    /// <summary>
    /// A TCP client's first bytes (16 kB at most) go to another backend where the first one ends or resets before it has answered a byte. A
    /// request may then be carried out twice: for services whose first request may.
    /// </summary>
    public bool Replay { get; init; }

    /// <summary>Connections and sessions that its backends may hold from this node together; more are refused. 0: any number.</summary>
    public int MaxConnections { get; init; }

    /// <summary>How long both sides may be silent before a TCP connection is reset or a UDP flow forgotten; zero: as the relay's options say.</summary>
    public TimeSpan IdleTimeout { get; init; }

    /// <summary>The zone whose backends are preferred; null for none.</summary>
    public string? PreferredZone { get; init; }

    /// <summary>Connections from this node that each backend of the preferred zone may hold before others take the rest; 0 for any number.</summary>
    public int ZoneSpillOver { get; init; }

    /// <summary>The zone that is preferred among the backends of a traffic policy: those of Local are chosen by their place already.</summary>
    public string? ZoneWithin(TrafficPolicy policy) => policy == TrafficPolicy.Local ? null : PreferredZone;

    /// <summary>
    /// Whether the node port is served in a family: in those of the virtual addresses, as in kube-proxy; in both where there are none, as of a load
    /// balancer file.
    /// </summary>
    public bool ServesNodePortIn(AddressFamily family)
    {
        foreach (var address in VirtualAddresses)
            if (address.AddressFamily == family) return true;
        return VirtualAddresses.IsEmpty;
    }

    /// <summary>Whether the node port is served at an address of the node.</summary>
    public bool ServesNodePortAt(IPAddress address)
    {
        if (!ServesNodePortIn(address.AddressFamily)) return false;
        foreach (var range in NodePortRanges)
            if (range.Contains(address)) return true;
        return NodePortRanges.IsEmpty;
    }

    /// <summary>Whether it has an external or load balancer address of a family; node ports are on the node's own.</summary>
    internal bool HasExternalAddress(AddressFamily family) =>
        ExternalAddresses.Any(address => address.AddressFamily == family) || LoadBalancerAddresses.Any(address => address.AddressFamily == family);

    /// <summary>True where what is remembered of clients under one description holds under the other, whatever else has changed.</summary>
    public bool RemembersLike(ServicePort other) => AffinityTimeout > TimeSpan.Zero == other.AffinityTimeout > TimeSpan.Zero;

    public bool Equivalent(ServicePort other) =>
        Id == other.Id && Port == other.Port && NodePort == other.NodePort && Policy == other.Policy && AffinityTimeout == other.AffinityTimeout
        && PreferredZone == other.PreferredZone && ZoneSpillOver == other.ZoneSpillOver
        && Path == other.Path && UdpMode == other.UdpMode && ProxyProtocol == other.ProxyProtocol && KeepsSource == other.KeepsSource && IdleTimeout == other.IdleTimeout
        && HealthCheck == other.HealthCheck && Replay == other.Replay && MaxConnectionAge == other.MaxConnectionAge && Rebalance == other.Rebalance
        && InternalTrafficPolicy == other.InternalTrafficPolicy && ExternalTrafficPolicy == other.ExternalTrafficPolicy
        && VirtualAddresses.AsSpan().SequenceEqual(other.VirtualAddresses.AsSpan())
        && ExternalAddresses.AsSpan().SequenceEqual(other.ExternalAddresses.AsSpan())
        && LoadBalancerAddresses.AsSpan().SequenceEqual(other.LoadBalancerAddresses.AsSpan())
        && MaxConnections == other.MaxConnections
        && NodePortRanges.AsSpan().SequenceEqual(other.NodePortRanges.AsSpan())
        && SourceRanges.AsSpan().SequenceEqual(other.SourceRanges.AsSpan());
}
