using System.Net;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>
/// Maglev consistent hashing: a client address has the same backend on every node, without memory, and a change of the backends moves few
/// clients besides those of a backend that went. One hash and one array read.
/// </summary>
/// <remarks>
/// The table is that of "Maglev: A Fast and Reliable Software Network Load Balancer" (Eisenbud et al., NSDI 2016), section 3.4: every
/// backend walks the slots in an order of its own and takes the next free one in turn, as often as its weight says.
/// </remarks>
public sealed class MaglevPolicy : ILoadBalancingPolicy
{
    /// <summary>
    /// Primes, the first of them with a hundred slots a backend is taken: shares then differ by about 1%, and the table of a service of ten
    /// backends has 2 kB. From 655 backends on the largest serves all.
    /// </summary>
    private static readonly int[] Sizes = [251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521];

    public string Name => "maglev";

    public bool Weighs => true;

    public object? Prepare(Backend[] candidates)
    {
        var size = Array.Find(Sizes, prime => prime >= candidates.Length * 100);
        if (size == 0) size = Sizes[^1];
        var heaviest = Math.Max(1, candidates.Max(backend => backend.Weight));
        var allZero = candidates.All(backend => backend.Weight <= 0);
        var walks = candidates
            .Select((backend, index) => new Walk((ushort)index, IdentityHash(backend), size, allZero ? 1 : (double)Math.Max(0, backend.Weight) / heaviest))
            .ToArray();
        // Turns go by identity: nodes that learned of the backends in another order make the same table.
        Array.Sort(walks, (a, b) => a.Hash.CompareTo(b.Hash));
        return Fill(walks, size);
    }

    public Backend? Pick(BackendSet candidates, ServiceState state, in PickContext context)
    {
        if (candidates.Count < 2) return candidates.Count == 0 ? null : candidates[0];
        var table = (ushort[])candidates.Plan!;
        var slot = (int)(Mix(context.Client.High ^ Mix(context.Client.Low)) % (ulong)table.Length);
        var picked = candidates[table[slot]];
        if (context.Failed is not { } failed || !picked.IsSameAs(failed)) return picked;

        // The next slot of another backend: every node goes on to the same one.
        for (var ahead = 1; ahead < table.Length; ahead++)
        {
            var other = candidates[table[(slot + ahead) % table.Length]];
            if (!other.IsSameAs(failed)) return other;
        }

        return candidates[(table[slot] + 1) % candidates.Count];
    }

    private static ushort[] Fill(Walk[] walks, int size)
    {
        var table = new ushort[size];
        Array.Fill(table, ushort.MaxValue);
        for (var filled = 0; ;)
        {
            for (var i = 0; i < walks.Length; i++)
            {
                if (!walks[i].HasTurn()) continue;
                var slot = walks[i].Next();
                while (table[slot] != ushort.MaxValue) slot = walks[i].Next();
                table[slot] = walks[i].Backend;
                if (++filled == size) return table;
            }
        }
    }

    // Over the identity, so that every node makes the same table; string.GetHashCode differs from process to process.
    private static ulong IdentityHash(Backend backend)
    {
        const ulong offset = 14695981039346656037, prime = 1099511628211;
        var hash = offset;
        foreach (var letter in backend.Uid) hash = (hash ^ letter) * prime;
        var address = ClientAddress.From(backend.Address.Address);
        return Mix(hash ^ Mix(address.High ^ Mix(address.Low + (ulong)backend.Address.Port)));
    }

    // The finishing step of splitmix64: every bit of the input moves every bit of the result.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>One backend's order over the slots: all of them, in steps that are prime to their number.</summary>
    private struct Walk(ushort backend, ulong hash, int size, double share)
    {
        public readonly ushort Backend = backend;
        public readonly ulong Hash = hash;
        private readonly int _step = (int)(hash % (ulong)(size - 1)) + 1;
        private int _slot = (int)((hash >> 32) % (ulong)size);
        private double _credit;

        public bool HasTurn()
        {
            _credit += share;
            if (_credit < 1) return false;
            _credit -= 1;
            return true;
        }

        public int Next()
        {
            var slot = _slot;
            _slot = (_slot + _step) % size;
            return slot;
        }
    }
}
