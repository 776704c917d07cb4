using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Cluster.Cli.Hosting;

/// <summary>Name and address of this machine as a node.</summary>
internal static class NodeFacts
{
    public static string Name() => Dns.GetHostName().ToLowerInvariant();

    /// <summary>The first IPv4 address of an interface with a default route; loopback where the machine has none.</summary>
    public static IPAddress Address() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .Where(nic => nic.OperationalStatus == OperationalStatus.Up && nic.GetIPProperties().GatewayAddresses.Any(gateway => gateway.Address.AddressFamily == AddressFamily.InterNetwork))
            .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Loopback;
}
