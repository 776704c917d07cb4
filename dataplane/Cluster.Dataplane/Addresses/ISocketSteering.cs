using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Addresses;

/// <summary>Brings connections and datagrams to virtual addresses to sockets that are bound elsewhere, so that a service port costs none.</summary>
/// <remarks>Called by the data plane's own loop. A place answers once it is both added here and allowed (<see cref="IVirtualAddresses.AllowAsync"/>).</remarks>
public interface ISocketSteering
{
    /// <summary>Whether what is sent to an address can be brought elsewhere.</summary>
    bool Covers(IPAddress address);

    /// <summary>The listening TCP sockets of one family, by descriptor, that take turns with the connections of all places.</summary>
    void SetListeners(AddressFamily family, IReadOnlyList<int> descriptors);

    /// <summary>The UDP socket of one family that takes the datagrams of all places; of several that share its port (SO_REUSEPORT) each client has one.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel does not take it.</exception>
    void SetReceiver(AddressFamily family, int descriptor);

    /// <summary>From its next allowance on, the place's connections go to the listeners, or its datagrams to the receiver.</summary>
    void Add(Place place);

    /// <summary>The place has a socket of its own again, or nobody.</summary>
    void Remove(Place place);
}
