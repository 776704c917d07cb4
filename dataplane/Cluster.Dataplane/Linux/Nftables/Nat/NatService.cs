using System.Globalization;
using System.Net;
using Cluster.Dataplane.Addresses;
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
    public List<(string Name, List<string> Rules)> Chains { get; } = [];

    /// <summary>Sets by name, with their definition.</summary>
    public Dictionary<string, string> Sets { get; } = [];

    /// <summary>Elements by the set or map they stand in and their key; the value is empty in sets.</summary>
    public Dictionary<(string Set, string Key), string> Elements { get; } = [];

    /// <summary>Addresses of backends that may be their own clients.</summary>
    public HashSet<IPAddress> Backends { get; } = [];

    private string L4 => NatFamily.Text(_entry.Port.Id.Protocol);

    private string MarkMasquerade => string.Create(CultureInfo.InvariantCulture, $"meta mark set meta mark | 0x{_options.MasqueradeMark:x}");

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
        var key = string.Create(CultureInfo.InvariantCulture, $"{L4} . {port.NodePort}");
        if (external is null) Elements[("refusedports" + family.Suffix, key)] = "";
        else Elements[("nodeports" + family.Suffix, key)] = "goto " + external;
    }

    private void Answer(NatFamily family, IPAddress address, string? chain)
    {
        if (_reserved.Contains(new Place(address, _entry.Port.Port, _entry.Port.Id.Protocol))) return;
        var key = string.Create(CultureInfo.InvariantCulture, $"{address} . {L4} . {_entry.Port.Port}");
        if (chain is null) Elements[("refused" + family.Suffix, key)] = "";
        else Elements[("services" + family.Suffix, key)] = "goto " + chain;
    }

    /// <summary>Which backends external traffic gets; null where there are none for anybody.</summary>
    private string? External(NatFamily family)
    {
        if (Balanced("a", family, _entry.UsableInside(TrafficScope.External)) is not { } all) return null;
        var rules = new List<string>();
        if (_entry.Port.ExternalTrafficPolicy == TrafficPolicy.Cluster)
        {
            rules.Add(MarkMasquerade);
            rules.Add($"goto {all}");
        }
        else
        {
            rules.Add($"fib saddr type local {MarkMasquerade} goto {all}");
            rules.Add($"{family.Protocol} saddr @pods{family.Suffix} goto {all}");
            // Clients beyond the cluster keep their address: their backends are here, and so is what those answer.
            rules.Add(Balanced("e", family, _entry.Usable(TrafficScope.External)) is { } local ? $"goto {local}" : "drop");
        }

        return Chain("x", family, rules);
    }

    private string Restricted(NatFamily family, string external)
    {
        var ranges = string.Join(", ", family.Of(_entry.Port.SourceRanges));
        var rules = new List<string>();
        if (ranges.Length > 0) rules.Add($"{family.Protocol} saddr {{ {ranges} }} goto {external}");
        rules.Add("counter name source_refused drop");
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
        var targets = backends.Select((backend, index) => string.Create(CultureInfo.InvariantCulture, $"{index} : {backend.Address.Address} . {backend.Address.Port}"));
        return Chain(kind, family, [$"meta l4proto {L4} dnat {family.Protocol} to numgen inc mod {backends.Length} map {{ {string.Join(", ", targets)} }}"]);
    }

    private string Affine(string kind, NatFamily family, Backend[] backends)
    {
        var rules = new List<string>();
        var targets = new List<string>();
        foreach (var backend in backends)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{family.Suffix}_{_entry.Slot}_{_numberOf(backend)}");
            var seconds = (long)_entry.Port.AffinityTimeout.TotalSeconds;
            Sets["f" + name] = $"type {family.Type}; size 65535; flags dynamic, timeout; timeout {seconds}s;";
            if (!Chains.Exists(chain => chain.Name == "b" + name))
                Chains.Add(("b" + name, [$"update @f{name} {{ {family.Protocol} saddr }}", $"meta l4proto {L4} dnat {family.Protocol} to {new IPEndPoint(backend.Address.Address, backend.Address.Port)}"]));
            rules.Add($"{family.Protocol} saddr @f{name} goto b{name}");
            targets.Add($"{targets.Count} : goto b{name}");
        }

        rules.Add($"numgen inc mod {backends.Length} vmap {{ {string.Join(", ", targets)} }}");
        return Chain(kind, family, rules);
    }

    private string Chain(string kind, NatFamily family, List<string> rules)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{kind}{family.Suffix}_{_entry.Slot}");
        Chains.Add((name, rules));
        return name;
    }
}
