using System.Net;
using System.Net.Sockets;
using Cluster.Api;

namespace Cluster.ApiServer.Proxy;

/// <summary>
/// Which addresses the server calls for others: none that means something else here than where it was written, for an address is a field
/// that whoever may write a pod's status or an endpoint fills in.
/// </summary>
internal static class ProxyAddress
{
    /// <exception cref="StatusException">400.</exception>
    public static string Check(string? text)
    {
        if (!IPAddress.TryParse(text, out var address))
            throw StatusErrors.BadRequest("invalid ip");
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return IsForbidden(address) ? throw StatusErrors.BadRequest("address not allowed") : address.ToString();
    }

    private static bool IsForbidden(IPAddress address)
    {
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            return true;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            return address.IsIPv6LinkLocal || address.IsIPv6Multicast;
        var bytes = address.GetAddressBytes();
        return bytes is [169, 254, ..] or [>= 224 and <= 239, ..] or [255, 255, 255, 255];
    }
}
