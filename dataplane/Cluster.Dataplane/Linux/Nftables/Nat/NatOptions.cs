using System.Net;
using Cluster.Dataplane.Services;

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

    /// <summary>Backends see every client of a virtual address by this node's address, pods too: what pods on one bridge answer one another comes by the node then.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>The bit of packets that are to leave with this node's address, so that they are answered to it.</summary>
    public uint MasqueradeMark { get; init; } = 0x0040_0000;

    /// <summary>What a service port asks for that the kernel's translation can't do, by the names of annotations.</summary>
    public static IReadOnlyList<string> WithoutEffect(ServicePort port)
    {
        var names = new List<string>();
        If(port.Policy is not (null or "round-robin"), "balancing-policy");
        If(port.Path != ServicePath.Auto, "path");
        If(port.UdpMode != UdpMode.Session, "udp-mode");
        If(port.IdleTimeout > TimeSpan.Zero, "idle-timeout");
        If(port.ProxyProtocol, "proxy-protocol");
        If(port.Replay, "replay");
        If(port.Rebalance, "rebalance");
        If(port.MaxConnectionAge > TimeSpan.Zero, "max-connection-age");
        If(port.MaxConnections > 0, "max-connections");
        If(port.ZoneSpillOver > 0, "zone-spill-over");
        return names;

        void If(bool asked, string name)
        {
            if (asked) names.Add(name);
        }
    }

    /// <summary>Told of the table before it is made: <c>nft inet cluster_nat</c>.</summary>
    public Action<string>? Owned { get; init; }
}
