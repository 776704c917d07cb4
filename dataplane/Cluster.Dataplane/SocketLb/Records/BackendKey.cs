using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>What makes a backend of a service the same one: its uid, as a hash that processes share, and its place.</summary>
internal readonly record struct BackendKey(ulong Uid, ClientAddress Address, ushort Port)
{
    public static BackendKey Of(Backend backend) =>
        new(StableHash.Of(backend.Uid), ClientAddress.From(backend.Address.Address), (ushort)backend.Address.Port);
}
