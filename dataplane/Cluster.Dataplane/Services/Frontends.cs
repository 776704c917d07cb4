using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Services;

/// <summary>Tells where a service port is reached: only where it has backends, for everything else is refused by nobody listening.</summary>
public static class Frontends
{
    private static readonly IPAddress[] Wildcards = Socket.OSSupportsIPv6 ? [IPAddress.Any, IPAddress.IPv6Any] : [IPAddress.Any];

    public static IEnumerable<Frontend> Of(ServiceEntry entry, IReadOnlyList<IPAddress> nodeAddresses)
    {
        var port = entry.Port;
        if (entry.UsableInside(TrafficScope.Internal).Length > 0)
        {
            foreach (var address in port.VirtualAddresses)
                yield return new Frontend(port.Id, entry.Slot, address, port.Port, TrafficScope.Internal) { Path = port.Path };
        }

        // Open where backends are elsewhere only, too: clients of the cluster use those, and others are reset.
        if (entry.UsableInside(TrafficScope.External).Length == 0) yield break;
        foreach (var address in port.ExternalAddresses)
            yield return new Frontend(port.Id, entry.Slot, address, port.Port, TrafficScope.External) { Path = port.Path };
        foreach (var address in port.LoadBalancerAddresses.Except(port.ExternalAddresses))
            yield return new Frontend(port.Id, entry.Slot, address, port.Port, TrafficScope.LoadBalancer) { Path = port.Path };
        if (port.NodePort == 0) yield break;
        foreach (var address in NodePortAddresses(port, nodeAddresses))
            yield return new Frontend(port.Id, entry.Slot, address, port.NodePort, TrafficScope.External) { Path = port.Path };
    }

    // A datagram from a wildcard socket leaves with the address of its route, which need not be the one the client sent to:
    // for UDP each address of the node has a socket of its own.
    private static IEnumerable<IPAddress> NodePortAddresses(ServicePort port, IReadOnlyList<IPAddress> nodeAddresses)
    {
        return port.NodePortRanges.Length == 0 && port.Id.Protocol == ServiceProtocol.Tcp
            ? Wildcards.Where(address => port.ServesNodePortIn(address.AddressFamily))
            : nodeAddresses.Where(port.ServesNodePortAt);
    }
}
