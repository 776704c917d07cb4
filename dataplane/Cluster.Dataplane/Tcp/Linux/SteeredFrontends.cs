using System.Collections.Concurrent;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Frontends that share listeners, found by the address a connection was made to. Written by one, read by every loop without a lock.</summary>
internal sealed class SteeredFrontends
{
    /// <summary>They have no socket of their own.</summary>
    private const int NoDescriptor = -1;

    private readonly ConcurrentDictionary<(ClientAddress Address, ushort Port), LoopListener> _frontends = new();

    public bool TryAdd(Frontend frontend) => _frontends.TryAdd(KeyOf(frontend), new LoopListener(NoDescriptor, frontend));

    public bool Remove(Frontend frontend) =>
        _frontends.TryGetValue(KeyOf(frontend), out var known) && known.Frontend == frontend && _frontends.TryRemove(KeyOf(frontend), out _);

    /// <summary>The frontend at a raw socket address, as getsockname(2) fills it in.</summary>
    public LoopListener? Find(ReadOnlySpan<byte> address) =>
        _frontends.GetValueOrDefault((ClientAddress.FromSocketAddress(address), ClientAddress.PortOf(address)));

    private static (ClientAddress, ushort) KeyOf(Frontend frontend) => (ClientAddress.From(frontend.Address), (ushort)frontend.Port);
}
