using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Nftables.Messages;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>What the table holds of one service port: chains with their rules, sets of affinity, elements of the shared maps and sets.</summary>
/// <remarks>
/// Chains are named by kind, family and the service port's slot: <c>i4_7</c> internal, <c>a4_7</c> all backends and <c>e4_7</c> external ones of
/// slot 7 over IPv4; <c>x4_7</c> decides for external traffic which of the two it gets, <c>l4_7</c> who may use its load balancer address.
/// </remarks>
internal sealed class NatService
{
    private readonly ServiceEntry _entry;
    private readonly NatOptions _options;
    private readonly IReadOnlyCollection<Place> _reserved;
    private readonly Func<Backend, int> _numberOf;

    /// <param name="entry">The service port.</param>
    /// <param name="options">Ranges and marks.</param>
    /// <param name="reserved">Places that are this node's own to answer.</param>
    /// <param name="numberOf">A number for a backend, the same as long as it stays: its clients' affinity hangs on it.</param>
    public NatService(ServiceEntry entry, NatOptions options, IReadOnlyCollection<Place> reserved, Func<Backend, int> numberOf)
    {
        _reserved = reserved;
        _entry = entry;
        _options = options;
        _numberOf = numberOf;
        foreach (var family in NatFamily.All) Add(family);
    }

    /// <summary>Rules by chain, in the order in which chains that are gone to come first.</summary>
    public List<(string Name, List<Action<NftRule>> Rules)> Chains { get; } = [];

    /// <summary>Sets of clients by name: of which family, and how long one that is silent is remembered.</summary>
    public Dictionary<string, (bool IsV6, TimeSpan Timeout)> Sets { get; } = [];

    /// <summary>Where it is reached, and the chain that has it then; null in sets of what is refused.</summary>
    public Dictionary<NatPlace, string?> Elements { get; } = [];

    /// <summary>Addresses of backends that may be their own clients.</summary>
    public HashSet<IPAddress> Backends { get; } = [];

    private ServiceProtocol Protocol => _entry.Port.Id.Protocol;

    private void Add(NatFamily family)
    {
        var port = _entry.Port;
        var inside = Balanced("i", family, _entry.UsableInside(TrafficScope.Internal));
        foreach (var address in port.VirtualAddresses.Where(family.Has)) Answer(family, address, inside);
        if (!port.ExternalAddresses.Any(family.Has) && !port.LoadBalancerAddresses.Any(family.Has) && port.NodePort == 0) return;

        var external = External(family);
        foreach (var address in port.ExternalAddresses.Where(family.Has)) Answer(family, address, external);
        var restricted = external is null || port.SourceRanges.IsEmpty ? external : Restricted(family, external);
        foreach (var address in port.LoadBalancerAddresses.Except(port.ExternalAddresses).Where(family.Has)) Answer(family, address, restricted);
        if (port.NodePort == 0) return;
        Elements[new NatPlace((external is null ? "refusedports" : "nodeports") + family.Suffix, null, Protocol, port.NodePort)] = external;
    }

    private void Answer(NatFamily family, IPAddress address, string? chain)
    {
        if (_reserved.Contains(new Place(address, _entry.Port.Port, Protocol))) return;
        Elements[new NatPlace((chain is null ? "refused" : "services") + family.Suffix, address, Protocol, _entry.Port.Port)] = chain;
    }

    /// <summary>Which backends external traffic gets; null where there are none for anybody.</summary>
    private string? External(NatFamily family)
    {
        if (Balanced("a", family, _entry.UsableInside(TrafficScope.External)) is not { } all) return null;
        var rules = new List<Action<NftRule>>();
        if (_entry.Port.ExternalTrafficPolicy == TrafficPolicy.Cluster)
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
                rule.Goto(all);
            });
            // Clients beyond the cluster keep their address: their backends are here, and so is what those answer.
            if (Balanced("e", family, _entry.Usable(TrafficScope.External)) is { } local) rules.Add(rule => rule.Goto(local));
            else rules.Add(rule => rule.Drop());
        }

        return Chain("x", family, rules);
    }

    private string Restricted(NatFamily family, string external)
    {
        var rules = new List<Action<NftRule>>();
        foreach (var range in family.Of(_entry.Port.SourceRanges))
        {
            rules.Add(rule =>
            {
                rule.IfSourceIn(range);
                rule.Goto(external);
            });
        }

        rules.Add(rule =>
        {
            rule.Count("source_refused");
            rule.Drop();
        });
        return Chain("l", family, rules);
    }

    /// <summary>A chain that gives each connection to the next backend; null without any.</summary>
    private string? Balanced(string kind, NatFamily family, ReadOnlySpan<Backend> usable)
    {
        var backends = family.Of(usable);
        if (backends.Length == 0) return null;
        Backends.UnionWith(backends.Select(backend => backend.Address.Address));
        return _entry.Port.AffinityTimeout > TimeSpan.Zero ? Affine(kind, family, backends) : Turns(kind, family, backends);
    }

    private string Turns(string kind, NatFamily family, Backend[] backends)
    {
        var targets = Array.ConvertAll(backends, backend => backend.Address);
        return Chain(kind, family, [rule => Translate(rule, () => rule.TranslateInTurn(family.Family, targets))]);
    }

    private string Affine(string kind, NatFamily family, Backend[] backends)
    {
        var rules = new List<Action<NftRule>>();
        var chains = new List<string>();
        foreach (var backend in backends)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{family.Suffix}_{_entry.Slot}_{_numberOf(backend)}");
            var (clients, chain) = ("f" + name, "b" + name);
            Sets[clients] = (family.Family == AddressFamily.InterNetworkV6, _entry.Port.AffinityTimeout);
            if (!Chains.Exists(other => other.Name == chain))
                Chains.Add((chain, [rule => rule.RememberSource(family.Family, clients), rule => Translate(rule, () => rule.Translate(backend.Address))]));
            rules.Add(rule =>
            {
                rule.IfSourceIn(family.Family, clients);
                rule.Goto(chain);
            });
            chains.Add(chain);
        }

        rules.Add(rule => rule.GotoInTurn(chains));
        return Chain(kind, family, rules);
    }

    // Ports are there to be translated only where the protocol is said.
    private void Translate(NftRule rule, Action translate)
    {
        rule.IfProtocol(Protocol);
        translate();
    }

    private string Chain(string kind, NatFamily family, List<Action<NftRule>> rules)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{kind}{family.Suffix}_{_entry.Slot}");
        Chains.Add((name, rules));
        return name;
    }
}
