using System.Net.Sockets;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Net;

/// <summary>Names as 64 bits that are the same in every process: among 10,000 names two are alike once in 10^11 times.</summary>
public static class StableHash
{
    /// <summary>The hash of a text. Not for texts that an enemy may choose: others with the same hash are easily found.</summary>
    public static ulong Of(string text)
    {
        // FNV-1a and the finishing step of splitmix64, which spreads what FNV leaves in the low bits.
        const ulong offset = 14695981039346656037, prime = 1099511628211;
        var hash = offset;
        foreach (var letter in text) hash = (hash ^ letter) * prime;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return hash ^ (hash >> 31);
    }

    /// <summary>A service port's part of one address family.</summary>
    public static ulong Of(ServicePortId id, AddressFamily family) =>
        Of(id.Name) ^ (id.Protocol == ServiceProtocol.Udp ? 0x9E3779B97F4A7C15 : 0) ^ (family == AddressFamily.InterNetworkV6 ? 0xD1B54A32D192ED03 : 0);
}
