using System.Collections.Immutable;
using System.Net;

namespace Cluster.Dataplane.Services;

/// <summary>One port of a service as the data plane sees it: where it is reached and how backends are chosen. Immutable.</summary>
public sealed class ServicePort(ServicePortId id, int port)
{
    public ServicePortId Id { get; } = id;

    /// <summary>The port on the virtual and external addresses.</summary>
    public int Port { get; } = port;

    /// <summary>Virtual (cluster) addresses, at most one of each family in a cluster.</summary>
    public ImmutableArray<IPAddress> VirtualAddresses { get; init; } = [];

    /// <summary>External and load balancer addresses that this node answers for.</summary>
    public ImmutableArray<IPAddress> ExternalAddresses { get; init; } = [];

    /// <summary>The port on the node's own addresses; 0 for none.</summary>
    public int NodePort { get; init; }

    /// <summary>Name of the balancing policy; null for round robin.</summary>
    public string? Policy { get; init; }

    /// <summary>How long a client keeps its backend after its last use; zero for no affinity.</summary>
    public TimeSpan AffinityTimeout { get; init; }

    public TrafficPolicy InternalTrafficPolicy { get; init; }

    public TrafficPolicy ExternalTrafficPolicy { get; init; }

    /// <summary>True where two descriptions balance alike, so that cursors and affinity may live on.</summary>
    public bool BalancesLike(ServicePort other) => Policy == other.Policy && AffinityTimeout == other.AffinityTimeout;

    public bool Equivalent(ServicePort other) =>
        Id == other.Id && Port == other.Port && NodePort == other.NodePort && BalancesLike(other)
        && InternalTrafficPolicy == other.InternalTrafficPolicy && ExternalTrafficPolicy == other.ExternalTrafficPolicy
        && VirtualAddresses.AsSpan().SequenceEqual(other.VirtualAddresses.AsSpan())
        && ExternalAddresses.AsSpan().SequenceEqual(other.ExternalAddresses.AsSpan());
}
