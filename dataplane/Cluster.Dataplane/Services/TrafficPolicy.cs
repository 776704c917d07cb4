namespace Cluster.Dataplane.Services;

/// <summary>Which backends may answer a kind of traffic.</summary>
public enum TrafficPolicy : byte
{
    /// <summary>Backends of every node.</summary>
    Cluster,

    /// <summary>Backends of this node only; without any the traffic is refused.</summary>
    Local,
}
