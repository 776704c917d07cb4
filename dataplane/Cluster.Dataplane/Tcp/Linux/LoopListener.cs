using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>A listening socket of one loop and the frontend connections reach by it; or, shared, one that many frontends are steered to.</summary>
internal sealed class LoopListener(int descriptor, Frontend frontend, SteeredFrontends? steered = null)
{
    public int Descriptor { get; } = descriptor;

    public Frontend Frontend { get; } = frontend;

    /// <summary>What an accepted connection has reached; null where that has just been closed. For a shared listener a system call and a look-up.</summary>
    public LoopListener? Of(int client)
    {
        if (steered is null) return this;
        Span<byte> address = stackalloc byte[SocketCalls.AddressSize];
        return SocketCalls.LocalAddress(client, address) ? steered.Find(address) : null;
    }
}
