using System.Net;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>Backends of one family among which a chain chooses, each with its turn. Immutable.</summary>
internal sealed class NatList
{
    private static uint _lastId;
    private readonly NatBackend[] _turns;

    /// <param name="chain">The chain's name, which is the list's too.</param>
    /// <param name="family">Of its clients and backends.</param>
    /// <param name="usable">The backends.</param>
    /// <param name="before">The list as it is in force; null where there is none.</param>
    public NatList(string chain, NatFamily family, NatBackend[] usable, NatList? before)
    {
        Chain = chain;
        Family = family;
        Id = before?.Id ?? Interlocked.Increment(ref _lastId);
        _turns = before is null ? usable : InTurns(usable, before._turns);
    }

    public string Chain { get; }

    public NatFamily Family { get; }

    /// <summary>By which its elements are known; of this process alone, for the next one fills the maps anew.</summary>
    public uint Id { get; }

    /// <summary>The map they are in.</summary>
    public string Map => NatMaps.Backends(Family, Id);

    /// <summary>By their turns.</summary>
    public IReadOnlyList<NatBackend> Backends => _turns;

    public IEnumerable<IPEndPoint> Targets => _turns.Select(backend => backend.Address);

    // Who stays keeps its turn if there are still as many; who comes takes what is free. So few elements change.
    private static NatBackend[] InTurns(NatBackend[] usable, NatBackend[] before)
    {
        var known = new Dictionary<NatBackend, int>(before.Length);
        for (var turn = 0; turn < before.Length; turn++) known[before[turn]] = turn;
        var turns = new NatBackend?[usable.Length];
        var others = new Queue<NatBackend>();
        foreach (var backend in usable)
        {
            if (known.Remove(backend, out var turn) && turn < turns.Length) turns[turn] = backend;
            else others.Enqueue(backend);
        }

        return Array.ConvertAll(turns, turn => turn ?? others.Dequeue());
    }
}
