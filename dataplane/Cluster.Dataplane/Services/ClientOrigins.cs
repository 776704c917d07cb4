using System.Collections.Frozen;
using System.Net;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Services;

/// <summary>Tells clients of this cluster (the node itself, pods) from those beyond it.</summary>
/// <remarks>
/// A service's external addresses are its own cluster's too: for clients inside of it they stand for all backends, whatever
/// externalTrafficPolicy says, as in Kubernetes. Written by one, read by every loop: a look-up takes no lock and allocates nothing.
/// </remarks>
public sealed class ClientOrigins
{
    private static readonly AddressRange[] Loopback = [AddressRange.From(IPNetwork.Parse("127.0.0.0/8")), AddressRange.From(IPNetwork.Parse("::1/128"))];

    private Snapshot _current = new([], FrozenSet<ClientAddress>.Empty);

    /// <param name="pods">The ranges pods have their addresses from.</param>
    /// <param name="node">The node's own addresses.</param>
    public void Set(IEnumerable<IPNetwork> pods, IEnumerable<IPAddress> node) =>
        Volatile.Write(ref _current, new Snapshot([.. pods.Select(AddressRange.From)], node.Select(ClientAddress.From).ToFrozenSet()));

    /// <summary>True for the node itself and for pods.</summary>
    public bool IsInside(ClientAddress client) => IsNode(client) || AddressRange.AnyContains(Volatile.Read(ref _current).Pods, client);

    /// <summary>True for processes of this node.</summary>
    public bool IsNode(ClientAddress client) =>
        Volatile.Read(ref _current).Node.Contains(client) || AddressRange.AnyContains(Loopback, client);

    /// <summary>True where one of the node's addresses is in one of the ranges.</summary>
    public bool NodeIsIn(ReadOnlySpan<AddressRange> ranges)
    {
        foreach (var address in Volatile.Read(ref _current).Node)
            if (AddressRange.AnyContains(ranges, address)) return true;
        return false;
    }

    private sealed record Snapshot(AddressRange[] Pods, FrozenSet<ClientAddress> Node);
}
