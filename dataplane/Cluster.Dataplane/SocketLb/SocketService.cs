using System.Net.Sockets;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>A service port's part of one address family on the connect-time path: where its parts are in the maps.</summary>
internal sealed class SocketService(int slot, uint identity)
{
    public int Slot { get; } = slot;

    public uint Identity { get; } = identity;

    /// <summary>Known once it is the part of a service port of this process's table.</summary>
    public AddressFamily Family { get; set; }

    /// <summary>As last applied; null while it is only known from an earlier process.</summary>
    public ServiceEntry? Entry { get; set; }

    /// <summary>Where it is reached: scopes all of whose backends have addresses of the family.</summary>
    public TrafficScope[] Scopes { get; set; } = [];

    public ArrayMap<FrontendKey, FrontendValue> Frontends { get; } = [];

    /// <summary>The index of each backend that may be chosen.</summary>
    public ArrayMap<BackendKey, int> Backends { get; } = [];

    /// <summary>Backends that are chosen no more and may have connections.</summary>
    public ArrayMap<BackendKey, DrainingRecord> Draining { get; } = [];

    /// <summary>What backends that are gone had counted.</summary>
    public SocketCounters Retired { get; set; }

    /// <summary>One of its backends; null where it has it no more.</summary>
    public Backend? Find(BackendKey key)
    {
        foreach (var backend in Entry!.Backends)
            if (backend.AddressOf(Family) is not null && BackendKey.Of(backend, Family) == key) return backend;
        return null;
    }
}
