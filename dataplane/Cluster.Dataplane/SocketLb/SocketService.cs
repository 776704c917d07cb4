using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>A service port on the connect-time path: where its parts are in the maps.</summary>
internal sealed class SocketService(int slot, uint identity)
{
    public int Slot { get; } = slot;

    public uint Identity { get; } = identity;

    /// <summary>As last applied; null while it is only known from an earlier process.</summary>
    public ServiceEntry? Entry { get; set; }

    public Dictionary<FrontendKey, FrontendValue> Frontends { get; } = [];

    /// <summary>The index of each backend that may be chosen.</summary>
    public Dictionary<BackendKey, int> Backends { get; } = [];

    /// <summary>What backends that are gone had counted.</summary>
    public SocketCounters Retired { get; set; }
}
