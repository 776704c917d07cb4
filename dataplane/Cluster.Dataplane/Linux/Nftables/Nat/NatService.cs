using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Nftables.Messages;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>What the table holds of one service port: chains with their rules, lists of backends, places that lead to chains.</summary>
/// <remarks>
/// Chains are named by kind and family: <c>i4-</c> chooses among backends for internal traffic over IPv4, <c>a4-</c> among all and <c>e4-</c> among
/// external ones; <c>x4-</c> decides for external traffic which of the two it gets, <c>l4-</c> who may use its load balancer address. Chains that
/// would choose among the same backends are one.
/// </remarks>
internal sealed class NatService
{
    private readonly NatOptions _options;
    private readonly IReadOnlyCollection<Place> _reserved;
    private readonly NatService? _before;

    /// <param name="entry">The service port.</param>
    /// <param name="options">Ranges and marks.</param>
    /// <param name="reserved">Places that are this node's own to answer.</param>
    /// <param name="before">What the table holds of it; null: nothing.</param>
    public NatService(ServiceEntry entry, NatOptions options, IReadOnlyCollection<Place> reserved, NatService? before)
    {
        Entry = entry;
        _options = options;
        _reserved = reserved;
        _before = before;
        foreach (var family in NatFamily.All) Add(family);
        // Else each would hold all that came before it.
        _before = null;
        Addresses = [.. Lists.SelectMany(list => list.Targets).Select(target => target.Address).Distinct()];
    }

    public ServiceEntry Entry { get; }

    public List<NatChain> Chains { get; } = [];

    public List<NatList> Lists { get; } = [];

    /// <summary>The sets of clients that its rules fill.</summary>
    public List<(string Name, NatFamily Family)> ClientSets { get; } = [];

    /// <summary>Where it is reached, and the chain that has it then; null in sets of what is refused.</summary>
    public Dictionary<NatPlace, string?> Places { get; } = [];

    /// <summary>Addresses of backends, which may be their own clients; each once.</summary>
    public IPAddress[] Addresses { get; }

    private ServiceProtocol Protocol => Entry.Port.Id.Protocol;

    private void Add(NatFamily family)
    {
        var port = Entry.Port;
        var inside = Balanced("i", family, Entry.UsableInside(TrafficScope.Internal), port.InternalTrafficPolicy);
        foreach (var address in port.VirtualAddresses.Where(family.Has)) Answer(family, address, inside);
        var hasNodePort = port.NodePort != 0 && port.ServesNodePortIn(family.Family);
        if (!port.ExternalAddresses.Any(family.Has) && !port.LoadBalancerAddresses.Any(family.Has) && !hasNodePort) return;

        var external = External(family, inside);
        foreach (var address in port.ExternalAddresses.Where(family.Has)) Answer(family, address, external);
        var restricted = external is null || port.SourceRanges.IsEmpty ? external : Restricted(family, external);
        foreach (var address in port.LoadBalancerAddresses.Except(port.ExternalAddresses).Where(family.Has)) Answer(family, address, restricted);
        if (!hasNodePort) return;
        Places[new NatPlace((external is null ? "refusedports" : "nodeports") + family.Suffix, null, Protocol, port.NodePort)] = external;
    }

    private void Answer(NatFamily family, IPAddress address, string? chain)
    {
        if (_reserved.Contains(new Place(address, Entry.Port.Port, Protocol))) return;
        Places[new NatPlace((chain is null ? "refused" : "services") + family.Suffix, address, Protocol, Entry.Port.Port)] = chain;
    }

    /// <summary>Which backends external traffic gets; null where there are none for anybody.</summary>
    private string? External(NatFamily family, string? inside)
    {
        // The directory makes one set of those that are the same.
        var all = Entry.UsableInside(TrafficScope.External) == Entry.UsableInside(TrafficScope.Internal)
            ? inside
            : Balanced("a", family, Entry.UsableInside(TrafficScope.External), TrafficPolicy.Cluster);
        if (all is null) return null;
        var rules = new List<Action<NftRule>>();
        if (Entry.Port.ExternalTrafficPolicy == TrafficPolicy.Cluster)
        {
            rules.Add(rule => rule.Mark(_options.MasqueradeMark));
            rules.Add(rule => rule.Goto(all));
        }
        else
        {
            rules.Add(rule =>
            {
                rule.IfSourceIsLocal();
                rule.Mark(_options.MasqueradeMark);
                rule.Goto(all);
            });
            rules.Add(rule =>
            {
                rule.IfSourceIn(family.Family, "pods" + family.Suffix);
                if (_options.MasqueradeAll) rule.Mark(_options.MasqueradeMark);
                rule.Goto(all);
            });
            // Clients beyond the cluster keep their address: their backends are here, and so is what those answer.
            if (Balanced("e", family, Entry.Usable(TrafficScope.External), TrafficPolicy.Local) is { } local) rules.Add(rule => rule.Goto(local));
            else rules.Add(rule => rule.Drop());
        }

        return Chain("x", family, rules);
    }

    private string Restricted(NatFamily family, string external)
    {
        var rules = new List<Action<NftRule>>();
        foreach (var range in family.Of(Entry.Port.SourceRanges))
        {
            rules.Add(rule =>
            {
                rule.IfSourceIn(range);
                rule.Goto(external);
            });
        }

        rules.Add(rule =>
        {
            rule.Count(NatFrame.SourceRefused);
            rule.Drop();
        });
        return Chain("l", family, rules);
    }

    /// <summary>A chain that gives each connection to a backend; null without any.</summary>
    private string? Balanced(string kind, NatFamily family, ReadOnlySpan<Backend> usable, TrafficPolicy policy)
    {
        var ofFamily = Array.FindAll(usable.ToArray(), backend => backend.AddressOf(family.Family) is not null);
        var backends = family.Of(BackendSelection.Nearest(ofFamily, Entry.Port.ZoneWithin(policy)));
        if (backends.Length == 0) return null;
        var name = NatName.Chain(kind, family, Entry.Port.Id);
        var affinity = Entry.Port.AffinityTimeout;
        var list = new NatList(name, family, backends, _before?.Lists.Find(list => list.Chain == name));
        Lists.Add(list);
        Chains.Add(affinity > TimeSpan.Zero ? NatTurns.Chain(list, Entry.Port.Id, affinity) : NatTurns.Chain(list, Protocol));
        if (affinity > TimeSpan.Zero) ClientSets.AddRange(NatTurns.ClientSets(list, Entry.Port.Id).Select(set => (set, family)));
        return name;
    }

    private string Chain(string kind, NatFamily family, List<Action<NftRule>> rules)
    {
        var name = NatName.Chain(kind, family, Entry.Port.Id);
        Chains.Add(new NatChain(name, [.. rules]));
        return name;
    }
}
