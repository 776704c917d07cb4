using Cluster.Dataplane.Linux.Nftables.Messages;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>Writes the difference between what the table holds of a service port and what it is to hold; either may be nothing.</summary>
/// <remarks>To be called in this order, each for all service ports: places pass from one to another, and what is named must be there.</remarks>
internal readonly record struct NatChange(NatService? Before, NatService? After)
{
    public void RemovePlaces(NftBatch batch)
    {
        Span<byte> key = stackalloc byte[NftPlace.MaxBytes];
        foreach (var (place, chain) in Before?.Places ?? [])
            if (After?.Places.TryGetValue(place, out var same) != true || same != chain) batch.DeleteElement(place.Set, place.Key(key));
    }

    public void AddChains(NftBatch batch)
    {
        foreach (var chain in After?.Chains ?? [])
            if (Find(Before, chain.Name) is null) batch.AddChain(chain.Name);
    }

    public void SetRules(NftBatch batch)
    {
        foreach (var chain in Before?.Chains ?? [])
            if (Find(After, chain.Name)?.HasSameRules(chain) != true) batch.FlushChain(chain.Name);
        foreach (var chain in After?.Chains ?? [])
        {
            if (Find(Before, chain.Name)?.HasSameRules(chain) == true) continue;
            foreach (var rule in chain.Rules) batch.AddRule(chain.Name, rule);
        }
    }

    public void SetLists(NftBatch batch)
    {
        foreach (var list in Before?.Lists ?? [])
            if (!Has(After, list.Chain)) Set(batch, list, list, null);
        foreach (var list in After?.Lists ?? []) Set(batch, list, Before?.Lists.Find(other => other.Chain == list.Chain), list);
    }

    public void AddPlaces(NftBatch batch)
    {
        Span<byte> key = stackalloc byte[NftPlace.MaxBytes];
        foreach (var (place, chain) in After?.Places ?? [])
        {
            if (Before?.Places.TryGetValue(place, out var same) == true && same == chain) continue;
            if (chain is null) batch.AddElement(place.Set, place.Key(key));
            else batch.AddElement(place.Set, place.Key(key), chain);
        }
    }

    public void RemoveChains(NftBatch batch)
    {
        foreach (var chain in Before?.Chains ?? [])
            if (Find(After, chain.Name) is null) batch.DeleteChain(chain.Name);
    }

    private static void Set(NftBatch batch, NatList any, NatList? before, NatList? after)
    {
        Span<byte> key = stackalloc byte[NftPlace.MaxBytes], value = stackalloc byte[NftPlace.MaxBytes];
        var map = any.Map;
        var (held, wanted) = (before?.Backends.Count ?? 0, after?.Backends.Count ?? 0);
        for (var turn = 0; turn < Math.Max(held, wanted); turn++)
        {
            var (old, target) = (turn < held ? before!.Backends[turn].Address : null, turn < wanted ? after!.Backends[turn].Address : null);
            if (Equals(old, target)) continue;
            // A key has one value at a time.
            if (old is not null) batch.DeleteElement(map, NatMaps.TurnKey(key, any.Id, turn));
            if (target is not null) batch.AddElement(map, NatMaps.TurnKey(key, any.Id, turn), NftPlace.Write(value, target));
        }
    }

    private static NatChain? Find(NatService? service, string name) => service?.Chains.Find(chain => chain.Name == name);

    private static bool Has(NatService? service, string list) => service?.Lists.Exists(other => other.Chain == list) == true;
}
