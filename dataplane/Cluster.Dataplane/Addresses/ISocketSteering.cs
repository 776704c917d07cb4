using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Addresses;

/// <summary>Brings connections to virtual addresses to listeners that are bound elsewhere, so that a service port costs no socket.</summary>
/// <remarks>Called by the data plane's own loop. A place answers once it is both added here and allowed (<see cref="IVirtualAddresses.AllowAsync"/>).</remarks>
public interface ISocketSteering
{
    /// <summary>Whether connections to an address can be brought elsewhere.</summary>
    bool Covers(IPAddress address);

    /// <summary>The listening TCP sockets of one family, by descriptor, that take turns with the connections of all places.</summary>
    void SetListeners(AddressFamily family, IReadOnlyList<int> descriptors);

    /// <summary>From its next allowance on, the place's connections go to the listeners.</summary>
    void Add(Place place);

    /// <summary>The place has a socket of its own again, or nobody.</summary>
    void Remove(Place place);
}
