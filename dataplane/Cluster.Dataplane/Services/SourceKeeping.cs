using System.Net;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Services;

/// <summary>Tells for which connections a backend is spoken to from the client's own address instead of the node's.</summary>
/// <remarks>
/// It can be where what the backend answers is sure to come by this node: the backend is in a network of this node (a bridge with
/// pods), the client is beyond the node, and not in that same network, where it would be answered directly. The node itself, pods of
/// the cluster and backends on the node's own addresses are spoken to from the node's address. Written by one, read by every loop:
/// no locks, no allocation.
/// </remarks>
public sealed class SourceKeeping(ClientOrigins origins)
{
    private AddressRange[] _networks = [];

    /// <param name="networks">Networks this node has an address in; none: no address is kept.</param>
    public void Set(IEnumerable<IPNetwork> networks) => Volatile.Write(ref _networks, [.. networks.Select(AddressRange.From)]);

    public bool Keeps(ServicePort port, TrafficScope scope, ClientAddress client, Backend backend)
    {
        if (!port.KeepsSource || scope == TrafficScope.Internal || !backend.IsLocal || client.IsIPv4 != backend.Host.IsIPv4) return false;
        return !origins.IsInside(client) && !origins.IsNode(backend.Host) && ReturnsHere(client, backend.Host);
    }

    private bool ReturnsHere(ClientAddress client, ClientAddress backend)
    {
        var found = false;
        foreach (ref readonly var network in Volatile.Read(ref _networks).AsSpan())
        {
            if (!network.Contains(backend)) continue;
            if (network.Contains(client)) return false;
            found = true;
        }

        return found;
    }
}
