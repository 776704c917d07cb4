namespace Cluster.Dataplane.Services;

/// <summary>Where traffic enters, which decides the policy that applies to it.</summary>
public enum TrafficScope : byte
{
    /// <summary>Virtual (cluster) addresses.</summary>
    Internal,

    /// <summary>Node ports and external addresses.</summary>
    External,

    /// <summary>Load balancer addresses: as external ones, and open to the service's source ranges alone.</summary>
    LoadBalancer,
}
