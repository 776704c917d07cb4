using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cluster.Dataplane.Linux.Netlink;

namespace Cluster.Dataplane.Addresses;

/// <summary>The addresses of this node's interfaces, loopback included, link-local ones not.</summary>
public static class NodeAddresses
{
    /// <summary>So often the interfaces are listed again where one went meanwhile.</summary>
    private const int Tries = 5;

    public static IReadOnlyList<IPAddress> Current() => [.. Unicast().Select(unicast => unicast.Address).Where(address => !address.IsIPv6LinkLocal).Distinct()];

    /// <summary>The networks of this node's interfaces in which there can be others.</summary>
    public static IReadOnlyList<IPNetwork> Networks() =>
    [
        .. Unicast()
            .Where(unicast => !IPAddress.IsLoopback(unicast.Address) && !unicast.Address.IsIPv6LinkLocal)
            .Where(unicast => unicast.PrefixLength < unicast.Address.GetAddressBytes().Length * 8)
            .Select(unicast => NetworkOf(unicast.Address, unicast.PrefixLength))
            .Distinct(),
    ];

    private static IPNetwork NetworkOf(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static IEnumerable<InterfaceAddress> Unicast()
    {
        if (OperatingSystem.IsLinux()) return InterfaceAddresses.List();
        for (var tries = 1; ; tries++)
        {
            try
            {
                return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(unicast => new InterfaceAddress(unicast.Address, unicast.PrefixLength))];
            }
            catch (Exception exception) when (exception is ArgumentException or NetworkInformationException && tries < Tries)
            {
                // The runtime trips over an interface that goes while it looks, as they may at any time.
            }
        }
    }

    /// <summary>The address of the default route's interface: the one the node is known by. No packet is sent to find it.</summary>
    public static IPAddress? OfDefaultRoute(AddressFamily family)
    {
        // Connecting a datagram socket only looks the route up; the address is one of those reserved for documentation.
        var anywhere = IPAddress.Parse(family == AddressFamily.InterNetworkV6 ? "2001:db8::1" : "203.0.113.1");
        try
        {
            using var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(anywhere, 9);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
