using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>What a policy may know about the connection or datagram it chooses for.</summary>
/// <param name="Scope">Where the traffic entered.</param>
/// <param name="Client">The client's address, without its port.</param>
/// <param name="Failed">The backend that was just tried in vain: another is wanted, and affinity to this one is forgotten.</param>
/// <param name="Tried">All that were tried in vain: none of them is picked again. Policies need not look at it, the service entry does.</param>
public readonly record struct PickContext(TrafficScope Scope, ClientAddress Client, Backend? Failed = null, TriedBackends? Tried = null)
{
    /// <summary>What is chosen for is counted already: a flow that leaves its backend needs no further place.</summary>
    public bool Moves { get; init; }
}
