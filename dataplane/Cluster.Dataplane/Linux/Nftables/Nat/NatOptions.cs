using System.Net;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>How services are served by the kernel's own translation of addresses. Read at start.</summary>
public sealed record NatOptions
{
    /// <summary>Our table (family inet); another than that of the virtual addresses.</summary>
    public string Table { get; init; } = "cluster_nat";

    /// <summary>The service ranges: what is there and no service port is refused.</summary>
    public IReadOnlyList<IPNetwork> Ranges { get; init; } = [];

    /// <summary>The ranges of pods, whose own addresses services see.</summary>
    public IReadOnlyList<IPNetwork> PodRanges { get; init; } = [];

    /// <summary>The bit of packets that are to leave with this node's address, so that they are answered to it.</summary>
    public uint MasqueradeMark { get; init; } = 0x0040_0000;

    /// <summary>Told of the table before it is made: <c>nft inet cluster_nat</c>.</summary>
    public Action<string>? Owned { get; init; }
}
