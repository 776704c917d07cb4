using System.Net;
using System.Net.NetworkInformation;

namespace Cluster.Containers.Network;

/// <summary>Whether a range of addresses is free on this machine, asked before anything is made for it.</summary>
/// <remarks>
/// What we made ourselves doesn't count: the bridge is left out by its name, and the proxy's routes are in table local, which is not
/// read. An address without a route of its own (a /32 of the loopback device) is found at its interface.
/// </remarks>
public static class RangeCheck
{
    /// <summary>What uses addresses of the range already, such as <c>10.96.0.0/12 (device tun0)</c>; null where nothing does.</summary>
    /// <param name="range">A service range or a pod range.</param>
    /// <param name="ownBridge">The interface of our own pod network.</param>
    public static string? FindOverlap(IPNetwork range, string ownBridge = "cluster0") =>
        RouteTable.Read().FindOverlap(range, ownBridge) ?? FindAddress(range, ownBridge, Addresses());

    internal static string? FindAddress(IPNetwork range, string ownBridge, IEnumerable<(IPAddress Address, string Device)> addresses)
    {
        foreach (var (address, device) in addresses)
            if (device != ownBridge && range.Contains(address)) return $"{address} (device {device})";
        return null;
    }

    private static IEnumerable<(IPAddress Address, string Device)> Addresses() =>
        from device in NetworkInterface.GetAllNetworkInterfaces()
        from unicast in device.GetIPProperties().UnicastAddresses
        select (unicast.Address, device.Name);
}
