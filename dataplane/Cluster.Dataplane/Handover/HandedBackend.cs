using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Handover;

/// <summary>A backend as one process tells it to the next.</summary>
/// <param name="Uid">The pod's, or from a file the address.</param>
/// <param name="Address">Where it listens.</param>
internal readonly record struct HandedBackend(string Uid, IPEndPoint Address)
{
    public static HandedBackend Of(Backend backend) => new(backend.Uid, backend.Address);

    /// <summary>The same backend among those of an entry; null where it is no more.</summary>
    public Backend? In(ServiceEntry entry)
    {
        foreach (Backend backend in entry.Backends)
            if (backend.Uid == Uid && backend.Address.Equals(Address)) return backend;
        return null;
    }
}
