using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Which service ports the connect-time path can take, and why it leaves the others to the loops.</summary>
internal static class ConnectPath
{
    /// <summary>Why the port is left to the loops; null where it can be taken.</summary>
    public static string? WhyNot(ServicePort port, bool onlyWhereAsked) => port switch
    {
        { Path: ServicePath.Auto } when onlyWhereAsked => "services are connected from the start only where they ask for it",
        { Path: ServicePath.Loop or ServicePath.Managed } => $"the service asks for the path {(port.Path == ServicePath.Loop ? "loop" : "managed")}",
        { Path: ServicePath.Auto, Id.Protocol: ServiceProtocol.Udp } => "UDP is connected from the start only where the service asks for it",
        { MaxConnections: > 0 } => "a limit of connections is kept by the relays",
        { IdleTimeout.Ticks: > 0 } => "an idle time-out is kept by the relays",
        { MaxConnectionAge.Ticks: > 0 } or { Rebalance: true } => "connections can only be ended in order by a relay",
        { Replay: true } => "first bytes can only be replayed by a relay",
        { ProxyProtocol: true } => "a PROXY protocol header can only be sent by a relay",
        { PreferredZone: not null, ZoneSpillOver: > 0 } => "spill-over between zones is decided by the relays",
        { Id.Protocol: ServiceProtocol.Udp, UdpMode: not UdpMode.Session } => "datagrams are passed on one by one",
        _ => null,
    };

    /// <summary>Where sockets of a family on this node reach the port, in the scope. Node ports on loopback alone: the node's other addresses are the loops'.</summary>
    public static IEnumerable<FrontendKey> Frontends(ServicePort port, TrafficScope scope, AddressFamily family)
    {
        foreach (var (address, number) in Places(port, scope))
            if (address.AddressFamily == family) yield return new FrontendKey(address, number, port.Id.Protocol);
    }

    private static IEnumerable<(IPAddress Address, int Port)> Places(ServicePort port, TrafficScope scope)
    {
        if (scope == TrafficScope.Internal)
        {
            foreach (var address in port.VirtualAddresses) yield return (address, port.Port);
            yield break;
        }

        foreach (var address in port.ExternalAddresses) yield return (address, port.Port);
        // Who may use a load balancer's address is decided by the client's address, which a socket does not have yet.
        if (port.SourceRanges.IsEmpty)
        {
            foreach (var address in port.LoadBalancerAddresses) yield return (address, port.Port);
        }

        if (port.NodePort == 0) yield break;
        if (port.ServesNodePortAt(IPAddress.Loopback)) yield return (IPAddress.Loopback, port.NodePort);
        if (port.ServesNodePortAt(IPAddress.IPv6Loopback)) yield return (IPAddress.IPv6Loopback, port.NodePort);
    }
}
