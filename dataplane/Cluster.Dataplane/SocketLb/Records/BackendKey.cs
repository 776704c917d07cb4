using System.Net.Sockets;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>What makes a backend of a service the same one: its uid, as a hash that processes share, and its place.</summary>
internal readonly record struct BackendKey(ulong Uid, ClientAddress Address, ushort Port)
{
    /// <summary>The backend by its address of a family, which it must have.</summary>
    public static BackendKey Of(Backend backend, AddressFamily family)
    {
        var address = backend.AddressOf(family)!;
        return new BackendKey(StableHash.Of(backend.Uid), ClientAddress.From(address.Address), (ushort)address.Port);
    }
}
