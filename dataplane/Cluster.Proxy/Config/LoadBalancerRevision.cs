using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Config;

/// <summary>What a load balancer file says, beside what it said when it was read before.</summary>
/// <param name="Config">With those services alone that are new, may have changed, or had to be parsed again.</param>
/// <param name="Gone">Services that were in the one before.</param>
/// <param name="Count">Of all services.</param>
internal sealed record LoadBalancerRevision(LoadBalancerConfig Config, IReadOnlyList<ServicePortId> Gone, int Count);
