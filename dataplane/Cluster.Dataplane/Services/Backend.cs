using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Services;

/// <summary>One place that answers for a service port. Immutable but for <see cref="State"/>, which backends hand on.</summary>
/// <remarks>
/// The identity is the pod's uid (or, from a file, the address): a pod that inherits the address of an earlier one is another
/// backend, so its predecessor's sessions and affinity never reach it.
/// </remarks>
public sealed class Backend
{
    public Backend(string uid, IPEndPoint address)
    {
        ArgumentException.ThrowIfNullOrEmpty(uid);
        Uid = uid;
        Address = address;
        Host = ClientAddress.From(address.Address);
    }

    public string Uid { get; }

    public IPEndPoint Address { get; }

    /// <summary>The address without its port, in the form addresses are compared in.</summary>
    public ClientAddress Host { get; }

    /// <summary>Writes the address in the kernel's form, a sockaddr_in or sockaddr_in6 by its own family; returns the length.</summary>
    /// <remarks>
    /// For a call that is about to be made, into memory that is in use: where the kernel has page tables of its own for this process's memory, as in
    /// many virtual machines, reading it where nothing was read before costs it a fault (perf/results).
    /// </remarks>
    public int WriteSocketAddress(Span<byte> bytes)
    {
        var isV6 = Address.AddressFamily == AddressFamily.InterNetworkV6;
        return Host.WriteSocketAddress(bytes, isV6, (ushort)Address.Port, isV6 ? (uint)Address.Address.ScopeId : 0);
    }

    /// <summary>The same pod's address of the other family; null where it has none. Only sockets that are connected from the start are led there.</summary>
    public IPEndPoint? AlternateAddress { get; init; }

    public BackendHealth Health { get; init; } = BackendHealth.Ready;

    /// <summary>Runs on this node.</summary>
    public bool IsLocal { get; init; }

    public string? Zone { get; init; }

    /// <summary>Relative share for policies that weigh; 1 by default.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The same pod at the same place, whatever its health.</summary>
    public bool IsSameAs(Backend other) => Uid == other.Uid && Address.Equals(other.Address);

    /// <summary>Its address of a family; null where it has none.</summary>
    public IPEndPoint? AddressOf(AddressFamily family) =>
        Address.AddressFamily == family ? Address : AlternateAddress?.AddressFamily == family ? AlternateAddress : null;

    /// <summary>What is remembered of it; shared with its predecessors in earlier tables.</summary>
    public BackendState State { get; private set; } = new();

    /// <summary>The same backend, with its address of the other family.</summary>
    public Backend WithAlternate(IPEndPoint address) =>
        new(Uid, Address) { AlternateAddress = address, Health = Health, IsLocal = IsLocal, Zone = Zone, Weight = Weight, State = State };

    /// <summary>Goes on with the memory of the same backend in the table before. For the directory, before it publishes.</summary>
    internal void Continue(Backend predecessor) => State = predecessor.State;

    public override string ToString() => $"{Address} ({Uid})";
}
