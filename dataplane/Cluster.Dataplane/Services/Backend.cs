using System.Net;
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
        SocketAddress = address.Serialize();
        Host = ClientAddress.From(address.Address);
    }

    public string Uid { get; }

    public IPEndPoint Address { get; }

    /// <summary>The address in the kernel's form, made once so that connecting need not. Never written to.</summary>
    public SocketAddress SocketAddress { get; }

    /// <summary>The address without its port, in the form addresses are compared in.</summary>
    public ClientAddress Host { get; }

    public BackendHealth Health { get; init; } = BackendHealth.Ready;

    /// <summary>Runs on this node.</summary>
    public bool IsLocal { get; init; }

    public string? Zone { get; init; }

    /// <summary>Relative share for policies that weigh; 1 by default.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The same pod at the same place, whatever its health.</summary>
    public bool IsSameAs(Backend other) => Uid == other.Uid && Address.Equals(other.Address);

    /// <summary>What is remembered of it; shared with its predecessors in earlier tables.</summary>
    public BackendState State { get; private set; } = new();

    /// <summary>Goes on with the memory of the same backend in the table before. For the directory, before it publishes.</summary>
    internal void Continue(Backend predecessor) => State = predecessor.State;

    public override string ToString() => $"{Address} ({Uid})";
}
