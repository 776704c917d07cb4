using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>What differs between IPv4 and IPv6 in the words of nftables.</summary>
/// <param name="Words">Of an address, four bytes each.</param>
internal sealed record NatFamily(AddressFamily Family, string Suffix, string Protocol, string Type, string Loopback, uint Words)
{
    public static readonly NatFamily[] All =
    [
        new(AddressFamily.InterNetwork, "4", "ip", "ipv4_addr", "127.0.0.0/8", 1),
        new(AddressFamily.InterNetworkV6, "6", "ip6", "ipv6_addr", "::1", 4),
    ];

    public bool IsV6 => Family == AddressFamily.InterNetworkV6;

    public bool Has(IPAddress address) => address.AddressFamily == Family;

    public IEnumerable<IPNetwork> Of(IEnumerable<IPNetwork> ranges) => ranges.Where(range => Has(range.BaseAddress));

    /// <summary>Those that have an address of the family, by that one.</summary>
    public NatBackend[] Of(Backend[] backends)
    {
        var count = 0;
        var found = new NatBackend[backends.Length];
        foreach (var backend in backends)
            if (backend.AddressOf(Family) is { } address) found[count++] = new NatBackend(backend.Uid, address);
        return count == found.Length ? found : found[..count];
    }

    public static string Text(ServiceProtocol protocol) => protocol == ServiceProtocol.Tcp ? "tcp" : "udp";
}
