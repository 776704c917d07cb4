using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Linux;

/// <summary>The address of this node that a datagram was sent to, on a socket bound to all of them; the default where the socket has one address.</summary>
/// <param name="Address">The node's address.</param>
/// <param name="Interface">The interface's index, which link-local addresses need; 0 otherwise.</param>
internal readonly record struct PacketSource(ClientAddress Address, uint Interface)
{
    public bool IsKnown => Address != default;
}
