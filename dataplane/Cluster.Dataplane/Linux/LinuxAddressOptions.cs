using System.Net;

namespace Cluster.Dataplane.Linux;

/// <summary>What is made on a Linux host for virtual addresses. Read at start.</summary>
public sealed record LinuxAddressOptions
{
    /// <summary>The service ranges; addresses outside of them are made local one by one.</summary>
    public IReadOnlyList<IPNetwork> Ranges { get; init; } = [];

    /// <summary>The addresses this node's own clients speak from to a virtual address, at most one of each family; others: the default route's.</summary>
    public IReadOnlyList<IPAddress> NodeAddresses { get; init; } = [];

    /// <summary>Our nftables table (family inet).</summary>
    public string Table { get; init; } = "cluster_services";

    /// <summary>The routing protocol number our routes carry; none of those the system knows by name.</summary>
    public byte RouteProtocol { get; init; } = 107;

    /// <summary>
    /// The bit packets to clients in whose names our sockets speak are marked with, to be brought back here; 0: sockets speak in this
    /// node's name alone.
    /// </summary>
    public uint ReturnMark { get; init; }

    /// <summary>The routing table for those packets.</summary>
    public byte ReturnTable { get; init; } = 107;

    /// <summary>
    /// A folder of ours for a BPF file system, in which the program that selects sockets is pinned. Null: virtual addresses are guarded
    /// by nftables alone, and each service port has a socket.
    /// </summary>
    public string? PinPath { get; init; }

    /// <summary>Told of each thing before it is made on the host: <c>route 10.96.0.0/16</c>, <c>nft inet cluster_services</c>.</summary>
    public Action<string>? Owned { get; init; }
}
