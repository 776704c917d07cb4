namespace Cluster.Dataplane.Services;

/// <summary>Where traffic enters, which decides the policy that applies to it.</summary>
public enum TrafficScope : byte
{
    /// <summary>Virtual (cluster) addresses.</summary>
    Internal,

    /// <summary>Node ports, external and load balancer addresses.</summary>
    External,
}
