using System.Globalization;
using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>The table without services, in the words of <c>nft</c>: hooks, the rules all packets meet, sets and maps to be filled.</summary>
internal sealed class NatFrame
{
    private const string MarkPrefix = "made_";

    private readonly NatOptions _options;
    private readonly string _text;

    /// <param name="options">Ranges and marks.</param>
    /// <param name="reserved">Places on virtual addresses that this node itself answers, such as DNS.</param>
    public NatFrame(NatOptions options, IEnumerable<Place> reserved)
    {
        _options = options;
        _text = Text([.. reserved]);
        Mark = string.Create(CultureInfo.InvariantCulture, $"{MarkPrefix}{StableHash.Of(_text):x16}");
    }

    /// <summary>The name of a set that is there to tell what the table was made for: a process with other ranges makes it anew.</summary>
    public string Mark { get; }

    /// <summary>Makes the table anew.</summary>
    public string Script => $"{Removal(_options.Table)}{_text}add set inet {_options.Table} {Mark} {{ type mark; }}\n";

    /// <summary>Sets and maps of the frame that are filled from the table of services.</summary>
    public static IEnumerable<string> FilledSets =>
        NatFamily.All.SelectMany(family => ((string[])["services", "nodeports", "refused", "refusedports", "hairpin"]).Select(set => set + family.Suffix));

    public static string Removal(string table) => $"table inet {table} {{}}\ndelete table inet {table}\n";

    private string Text(Place[] reserved)
    {
        var mark = string.Create(CultureInfo.InvariantCulture, $"0x{_options.MasqueradeMark:x}");
        return $$"""
            table inet {{_options.Table}} {
              counter source_refused { }
            {{string.Concat(NatFamily.All.Select(family => Sets(family, reserved)))}}
              chain services {
            {{string.Concat(NatFamily.All.Select(family => Lookups(family, mark)))}}  }
              chain prerouting {
                type nat hook prerouting priority dstnat - 5; policy accept;
                jump services
              }
              chain output {
                type nat hook output priority -105; policy accept;
                jump services
              }
              chain postrouting {
                type nat hook postrouting priority srcnat - 5; policy accept;
                meta mark & {{mark}} == {{mark}} masquerade
                ip saddr . ip daddr @hairpin4 masquerade
                ip6 saddr . ip6 daddr @hairpin6 masquerade
              }
              chain rejected {
                meta l4proto tcp reject with tcp reset
                reject with icmpx type port-unreachable
              }
              chain refuse {
            {{string.Concat(NatFamily.All.Select(Refusals))}}  }
              chain input { type filter hook input priority filter - 10; policy accept; jump refuse; }
              chain forward { type filter hook forward priority filter - 10; policy accept; jump refuse; }
              chain outgoing { type filter hook output priority filter - 10; policy accept; jump refuse; }
            }

            """;
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

    // Who comes from beyond the cluster to a virtual address would be answered past this node by backends of others.
    private static string Lookups(NatFamily family, string mark) => $$"""
            {{family.Protocol}} daddr @ranges{{family.Suffix}} {{family.Protocol}} saddr != @pods{{family.Suffix}} fib saddr type != local meta mark set meta mark | {{mark}}
            {{family.Protocol}} daddr . meta l4proto . th dport vmap @services{{family.Suffix}}
            {{family.Protocol}} daddr != {{family.Loopback}} fib daddr type local meta l4proto . th dport vmap @nodeports{{family.Suffix}}

        """;

    private static string Refusals(NatFamily family) => $$"""
            {{family.Protocol}} daddr . meta l4proto . th dport @reserved{{family.Suffix}} accept
            {{family.Protocol}} daddr . meta l4proto . th dport @refused{{family.Suffix}} goto rejected
            {{family.Protocol}} daddr @ranges{{family.Suffix}} goto rejected
            meta nfproto {{(family.Suffix == "4" ? "ipv4" : "ipv6")}} fib daddr type local meta l4proto . th dport @refusedports{{family.Suffix}} goto rejected

        """;

    private static IEnumerable<string> Reserved(NatFamily family, Place[] reserved) => reserved
        .Where(place => family.Has(place.Address))
        .Select(place => string.Create(CultureInfo.InvariantCulture, $"{place.Address} . {NatFamily.Text(place.Protocol)} . {place.Port}"));

    private static string Contents<T>(IEnumerable<T> elements) => string.Join(", ", elements) is { Length: > 0 } text ? $"elements = {{ {text} }};" : "";
}
