using System.Globalization;
using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>The table without services, in the words of <c>nft</c>: hooks, the rules all packets meet, sets and maps to be filled.</summary>
internal sealed class NatFrame
{
    /// <summary>Counters of packets that were refused for want of a service or of its backends, and of those that came from outside of a service's source ranges.</summary>
    public const string Refused = "refused", SourceRefused = "source_refused";

    private const string MarkPrefix = "made_";

    private readonly NatOptions _options;
    private readonly Chain[] _chains;
    private readonly string _text;

    /// <param name="options">Ranges and marks.</param>
    /// <param name="reserved">Places on virtual addresses that this node itself answers, such as DNS.</param>
    /// <param name="passesInvalid">The kernel translates segments outside of their connection's window too (nf_conntrack_tcp_be_liberal).</param>
    public NatFrame(NatOptions options, IEnumerable<Place> reserved, bool passesInvalid)
    {
        _options = options;
        _chains = [.. Chains(passesInvalid)];
        _text = Text([.. reserved]);
        Mark = string.Create(CultureInfo.InvariantCulture, $"{MarkPrefix}{StableHash.Of(_text):x16}");
    }

    /// <summary>The name of a set that is there to tell what the table was made for: a process with other ranges makes it anew.</summary>
    public string Mark { get; }

    /// <summary>Makes the table anew.</summary>
    public string Script => $"{Removal(_options.Table)}{_text}add set inet {_options.Table} {Mark} {{ type mark; }}\n";

    /// <summary>How many rules each chain of the frame has.</summary>
    public IEnumerable<(string Chain, int Rules)> Rules => _chains.Select(chain => (chain.Name, chain.Rules.Length));

    /// <summary>Sets and maps of the frame that are filled from the table of services.</summary>
    public static IEnumerable<string> FilledSets =>
        NatFamily.All.SelectMany(family => ((string[])["services", "nodeports", "refused", "refusedports", "hairpin"]).Select(set => set + family.Suffix));

    public static string Removal(string table) => $"table inet {table} {{}}\ndelete table inet {table}\n";

    private string Text(Place[] reserved) => $$"""
        table inet {{_options.Table}} {
          counter {{Refused}} { }
          counter {{SourceRefused}} { }
        {{string.Concat(NatFamily.All.Select(family => Sets(family, reserved)))}}{{string.Concat(_chains.Select(chain => chain.Text))}}}

        """;

    private IEnumerable<Chain> Chains(bool passesInvalid)
    {
        var mark = string.Create(CultureInfo.InvariantCulture, $"0x{_options.MasqueradeMark:x}");
        yield return new("services", null, [.. NatFamily.All.SelectMany(family => Lookups(family, mark))]);
        yield return new("prerouting", "nat hook prerouting priority dstnat - 5", ["jump services"]);
        yield return new("output", "nat hook output priority -105", ["jump services"]);
        yield return new("postrouting", "nat hook postrouting priority srcnat - 5",
        [
            // From this node to itself the answer comes by here anyhow. Another of its addresses, which is what a masquerade over loopback takes, is one that a
            // server of datagrams answers to from that same address, and the answer is nobody's.
            "oifname \"lo\" return",
            $"meta mark & {mark} == {mark} masquerade",
            // Whoever speaks to itself without a service in between keeps its address.
            "ip saddr . ip daddr @hairpin4 ct status dnat masquerade",
            "ip6 saddr . ip6 daddr @hairpin6 ct status dnat masquerade",
        ]);
        yield return new("rejected", null, [$"counter name {Refused}", "meta l4proto tcp reject with tcp reset", "reject with icmpx type port-unreachable"]);
        yield return new("refuse", null, [.. NatFamily.All.SelectMany(Refusals)]);
        // What is not translated back would reach a client that knows nothing of its sender, and be answered by a reset.
        yield return new("input", "filter hook input priority filter - 10", passesInvalid ? ["jump refuse"] : ["ct state invalid ip saddr @pods4 drop", "ct state invalid ip6 saddr @pods6 drop", "jump refuse"]);
        yield return new("forward", "filter hook forward priority filter - 10", passesInvalid ? ["jump refuse"] : ["ct state invalid drop", "jump refuse"]);
        yield return new("outgoing", "filter hook output priority filter - 10", ["jump refuse"]);
    }

    private string Sets(NatFamily family, Place[] reserved) => $$"""
          map services{{family.Suffix}} { type {{family.Type}} . inet_proto . inet_service : verdict; }
          map nodeports{{family.Suffix}} { type inet_proto . inet_service : verdict; }
          set refused{{family.Suffix}} { type {{family.Type}} . inet_proto . inet_service; }
          set refusedports{{family.Suffix}} { type inet_proto . inet_service; }
          set reserved{{family.Suffix}} { type {{family.Type}} . inet_proto . inet_service; {{Contents(Reserved(family, reserved))}} }
          set hairpin{{family.Suffix}} { type {{family.Type}} . {{family.Type}}; }
          set ranges{{family.Suffix}} { type {{family.Type}}; flags interval; {{Contents(family.Of(_options.Ranges))}} }
          set pods{{family.Suffix}} { type {{family.Type}}; flags interval; {{Contents(family.Of(_options.PodRanges))}} }

        """;

    // Who comes from beyond the cluster to a virtual address would be answered past this node by backends of others. The node itself has chosen
    // its address for the way to the virtual address, which may be another than that to the backend.
    private string[] Lookups(NatFamily family, string mark)
    {
        var (ip, suffix) = (family.Protocol, family.Suffix);
        var others = _options.MasqueradeAll ? "" : $" {ip} saddr != @pods{suffix}";
        return
        [
            $"{ip} daddr @ranges{suffix}{others} meta mark set meta mark | {mark}",
            $"{ip} daddr . meta l4proto . th dport vmap @services{suffix}",
            $"{ip} daddr != {family.Loopback} fib daddr type local meta l4proto . th dport vmap @nodeports{suffix}",
        ];
    }

    private static string[] Refusals(NatFamily family)
    {
        var (ip, suffix) = (family.Protocol, family.Suffix);
        return
        [
            $"{ip} daddr . meta l4proto . th dport @reserved{suffix} accept",
            $"{ip} daddr . meta l4proto . th dport @refused{suffix} goto rejected",
            $"{ip} daddr @ranges{suffix} goto rejected",
            $"{ip} daddr != {family.Loopback} fib daddr type local meta l4proto . th dport @refusedports{suffix} goto rejected",
        ];
    }

    private static IEnumerable<string> Reserved(NatFamily family, Place[] reserved) => reserved
        .Where(place => family.Has(place.Address))
        .Select(place => string.Create(CultureInfo.InvariantCulture, $"{place.Address} . {NatFamily.Text(place.Protocol)} . {place.Port}"));

    private static string Contents<T>(IEnumerable<T> elements) => string.Join(", ", elements) is { Length: > 0 } text ? $"elements = {{ {text} }};" : "";

    private sealed record Chain(string Name, string? Hook, string[] Rules)
    {
        public string Text => $"  chain {Name} {{\n{(Hook is null ? "" : $"    type {Hook}; policy accept;\n")}{string.Concat(Rules.Select(rule => $"    {rule}\n"))}  }}\n";
    }
}
