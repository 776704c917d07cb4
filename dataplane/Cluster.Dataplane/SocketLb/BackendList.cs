using System.Net.Sockets;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>What a list of backends is to hold: the backends and their turns, as the policies' own plans have them. Immutable.</summary>
internal sealed class BackendList
{
    private static readonly WeightedPolicy Weighted = new();
    private static readonly MaglevPolicy Maglev = new();

    private BackendList(Backend[] backends, uint[] turns, uint flags, uint affinitySeconds)
    {
        Backends = backends;
        Turns = turns;
        Flags = flags;
        AffinitySeconds = affinitySeconds;
    }

    public static BackendList Empty { get; } = new([], [], ListReference.InTurn, 0);

    public Backend[] Backends { get; }

    /// <summary>Indices into <see cref="Backends"/>.</summary>
    public uint[] Turns { get; }

    public uint Flags { get; }

    public uint AffinitySeconds { get; }

    /// <summary>The list of a scope for sockets of a family; null where a backend has no address of it: a socket can't be led to one of the other.</summary>
    /// <param name="entry">The service port.</param>
    /// <param name="scope">Virtual or external addresses.</param>
    /// <param name="family">Of the sockets.</param>
    public static BackendList? Of(ServiceEntry entry, TrafficScope scope, AddressFamily family)
    {
        var port = entry.Port;
        var all = entry.UsableInside(scope).ToArray();
        if (!Array.TrueForAll(all, backend => backend.AddressOf(family) is not null)) return null;
        var usable = BackendSelection.Nearest(all, port.ZoneWithin(scope == TrafficScope.Internal ? port.InternalTrafficPolicy : TrafficPolicy.Cluster));
        var loopback = Array.Exists(usable, backend => System.Net.IPAddress.IsLoopback(backend.AddressOf(family)!.Address));
        var (turns, policy) = Plan(port.Policy, usable);
        var affinity = (uint)Math.Min(Math.Ceiling(port.AffinityTimeout.TotalSeconds), int.MaxValue / 2);
        return new BackendList(usable, turns, policy | (loopback ? ListReference.LoopbackBackend : 0), affinity);
    }

    private static (uint[] Turns, uint Policy) Plan(string? policy, Backend[] usable) => usable.Length < 2
        ? (InOrder(usable.Length), ListReference.InTurn)
        : policy switch
        {
            "weighted" => (Turns32(Weighted.Prepare(usable)), ListReference.InTurn),
            "maglev" => (Turns32(Maglev.Prepare(usable)), ListReference.ByClient),
            "p2c" => (InOrder(usable.Length), ListReference.TwoChoices),
            _ => (InOrder(usable.Length), ListReference.InTurn),
        };

    private static uint[] InOrder(int count)
    {
        var turns = new uint[count];
        for (var i = 0; i < count; i++) turns[i] = (uint)i;
        return turns;
    }

    private static uint[] Turns32(object? plan) => Array.ConvertAll((ushort[])plan!, turn => (uint)turn);
}
