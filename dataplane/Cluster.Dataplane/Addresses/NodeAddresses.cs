using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Cluster.Dataplane.Addresses;

/// <summary>The addresses of this node's interfaces, loopback included, link-local ones not.</summary>
public static class NodeAddresses
{
    /// <summary>So often the interfaces are listed again where one went meanwhile.</summary>
    private const int Tries = 5;

    public static IReadOnlyList<IPAddress> Current()
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return List();
            }
            catch (Exception exception) when (exception is ArgumentException or NetworkInformationException && tries < Tries)
            {
                // The runtime trips over an interface that goes while it looks, as those of containers do all the time.
            }
        }
    }

    private static IPAddress[] List() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !address.IsIPv6LinkLocal)
            .Distinct(),
    ];

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
