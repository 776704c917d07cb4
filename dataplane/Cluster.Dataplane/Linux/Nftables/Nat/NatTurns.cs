using Cluster.Dataplane.Linux.Nftables.Messages;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>The rules by which a chain gives a connection to one of a list's backends.</summary>
internal static class NatTurns
{
    // Words of the registers: keys are what stands one behind the other. Addresses take up to four.
    private const uint List = 0, Turn = 1, Owner = 0, Client = 2, Target = 8;

    /// <summary>Each connection to the next backend. The rule changes with their number alone.</summary>
    public static NatChain Chain(NatList list, ServiceProtocol protocol) => new(list.Chain, rule => GiveNext(rule, list, protocol));

    /// <summary>Each client to the backend it has, as long as that is there, and to the next one otherwise.</summary>
    public static NatChain Chain(NatList list, ServicePortId id, TimeSpan timeout)
    {
        var rules = new List<Action<NftRule>>();
        foreach (var backend in list.Backends)
        {
            rules.Add(rule =>
            {
                LoadClient(rule, list, backend, id);
                rule.IfIn(Clients(list, backend, id), Owner);
                Keep(rule, list, backend, id, timeout);
            });
        }

        for (var turn = 0; turn < list.Backends.Count; turn++)
        {
            var (backend, left) = (list.Backends[turn], list.Backends.Count - turn);
            rules.Add(rule =>
            {
                // One of as many as are left: each gets as many as the others.
                if (left > 1) rule.IfTurn((uint)left);
                LoadClient(rule, list, backend, id);
                Keep(rule, list, backend, id, timeout);
            });
        }

        // Where no more clients can be remembered.
        rules.Add(rule => GiveNext(rule, list, id.Protocol));
        return new NatChain(list.Chain, [.. rules]);
    }

    /// <summary>The sets that such a chain needs.</summary>
    public static IEnumerable<string> ClientSets(NatList list, ServicePortId id) => list.Backends.Select(backend => Clients(list, backend, id)).Distinct();

    private static void GiveNext(NftRule rule, NatList list, ServiceProtocol protocol)
    {
        rule.IfProtocol(protocol);
        rule.Load(List, list.Id);
        rule.LoadTurn(Turn, (uint)list.Backends.Count);
        rule.LookUp(list.Map, List, Target);
        rule.Translate(list.Family.Family, Target, Target + list.Family.Words);
    }

    private static void LoadClient(NftRule rule, NatList list, NatBackend backend, ServicePortId id)
    {
        rule.IfProtocol(id.Protocol);
        rule.IfFamily(list.Family.Family);
        var number = NatName.Number(id, backend);
        rule.Load(Owner, (uint)(number >> 32));
        rule.Load(Owner + 1, (uint)number);
        rule.LoadSource(Client, list.Family.Family);
    }

    private static void Keep(NftRule rule, NatList list, NatBackend backend, ServicePortId id, TimeSpan timeout)
    {
        rule.Remember(Clients(list, backend, id), Owner, timeout);
        rule.Load(Target, backend.Address);
        rule.Translate(list.Family.Family, Target, Target + list.Family.Words);
    }

    private static string Clients(NatList list, NatBackend backend, ServicePortId id) => NatMaps.Clients(list.Family, NatName.Number(id, backend));
}
