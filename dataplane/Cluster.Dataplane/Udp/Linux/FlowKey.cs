using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>One client socket talking to one address of one frontend.</summary>
/// <param name="Client">The client's address.</param>
/// <param name="Scope">The interface of a link-local client, otherwise 0.</param>
/// <param name="Port">The client's port.</param>
/// <param name="Listener">The frontend, by its number in the relay.</param>
/// <param name="Local">Which address of this node the client speaks to, where the frontend's socket has several.</param>
internal readonly record struct FlowKey(ClientAddress Client, uint Scope, ushort Port, int Listener, PacketSource Local)
{
    // Clients choose their ports, and in IPv6 half of their address: without a secret they could choose them to collide.
    private static readonly ulong Secret = KernelRandom.Number();

    public override int GetHashCode()
    {
        ulong high = Math.BigMul(Client.High ^ Secret, Client.Low ^ 0x9E37_79B9_7F4A_7C15, out ulong low);
        high = Math.BigMul(high ^ low ^ ((ulong)(uint)Listener << 16 | Port), Secret | 1, out low);
        return (int)((high ^ low) >> 16);
    }
}
