namespace Cluster.Containers.Network;

/// <summary>Names and ranges of the pod network on this node.</summary>
public sealed record NodeNetworkOptions
{
    /// <summary>The engine's network.</summary>
    public string Name { get; init; } = "cluster";

    /// <summary>The bridge's interface name, at most 15 characters.</summary>
    public string Bridge { get; init; } = "cluster0";

    /// <summary>Our nftables table.</summary>
    public string Table { get; init; } = "cluster";

    /// <summary>Ranges pods reach under their own address: all pods and all services.</summary>
    public IReadOnlyList<string> ClusterRanges { get; init; } = ["10.244.0.0/16", "10.96.0.0/16"];

    /// <summary>The file in which table and rules are written before they are made (DATA/owned); null for none.</summary>
    public string? OwnedPath { get; init; }
}
