using System.Globalization;
using System.Net;
using System.Text;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Nftables.Messages;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>
/// Services by the kernel's own translation of addresses, for hosts whose policy demands it: one nftables table in which maps lead from a
/// place to the chain of its service, and that to the backends in turn.
/// </summary>
/// <remarks>
/// A change touches the chains and elements of its service alone, in one transaction, spoken to the kernel directly. Balancing is by turns
/// or by the client's address; other policies count as turns. Nothing is tried again for a client whose backend fails. What an earlier
/// process left serves until the first whole table takes its place. Used by the data plane's loop.
/// </remarks>
public sealed class NatTable
{
    /// <summary>Clients that affinity remembers, of each backend.</summary>
    private const uint MaxClients = 65_535;

    private const string MarkPrefix = "made_";

    private readonly Dictionary<int, NatService> _services = [];
    private readonly Dictionary<int, Dictionary<(string, IPEndPoint), int>> _numbers = [];
    private readonly Dictionary<IPAddress, int> _backends = [];
    private readonly Dictionary<int, ServiceEntry?> _changed = [];
    private readonly NatOptions _options;
    private readonly Dictionary<int, ServiceEntry> _entries = [];
    private readonly HashSet<int> _contending = [];
    private readonly Dictionary<NatPlace, int> _owners = [];
    private readonly ILogger _logger;
    private IReadOnlyCollection<Place> _reserved = [];
    private (List<string> Chains, List<string> Sets)? _left;
    private bool _isKnown;

    public NatTable(NatOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
    }

    /// <summary>Removes the table if it is there.</summary>
    /// <exception cref="NftException">nft is missing, or refused.</exception>
    public static Task RemoveAsync(string table, CancellationToken cancellationToken) => NftCommand.ApplyAsync(Removal(table), cancellationToken);

    /// <summary>Makes the table, without services; or goes on with one that an earlier process left, services and all.</summary>
    /// <param name="reserved">Places on virtual addresses that this node itself answers, such as DNS.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NftException">nft is missing, or refused.</exception>
    public async Task StartAsync(IReadOnlyCollection<Place> reserved, CancellationToken cancellationToken)
    {
        _reserved = reserved;
        await NftCommand.EnsureAsync(cancellationToken);
        _options.Owned?.Invoke($"nft inet {_options.Table}");
        var (chains, sets) = NftSocket.Contents(_options.Table);
        if (sets.Contains(Mark(FrameText()))) _left = (chains.FindAll(IsOfServices), sets.FindAll(IsOfServices));
        else await NftCommand.ApplyAsync(Frame(), cancellationToken);
    }

    // Not by nft, which would read the whole table.
    private bool IsThere() => NftSocket.Contents(_options.Table).Sets.Contains(Mark(FrameText()));

    /// <summary>Notes a change of the table of services.</summary>
    public void Take(ServiceTableChange change) => _changed[(change.After ?? change.Before)!.Slot] = change.After;

    /// <summary>Carries out what was noted, at once or not at all.</summary>
    /// <param name="published">A table was published: the first one takes the place of what an earlier process left, even if it is empty.</param>
    /// <exception cref="NftException">The kernel refused; it is tried again as a whole with the next change or retry.</exception>
    public void Apply(bool published)
    {
        _isKnown |= published;
        if (!_isKnown || (_changed.Count == 0 && _left is null)) return;
        var batch = new NftBatch(_options.Table);
        var after = new Dictionary<int, NatService?>();
        foreach (var (slot, entry) in _changed)
        {
            var service = entry is null ? null : new NatService(entry, _options, _reserved, backend => NumberOf(slot, backend));
            after[slot] = service;
            if (entry is not null) _entries[slot] = entry;
        }

        KeepOwned(after);
        // All that goes before all that comes: a place may pass from one service port to another.
        if (_left is { } left) FlushLeft(batch, left.Chains, left.Sets);
        foreach (var (slot, service) in after) AppendRemovals(batch, _services.GetValueOrDefault(slot), service);
        foreach (var (slot, service) in after) Append(batch, _services.GetValueOrDefault(slot), service);
        AppendHairpins(batch, after);
        if (_left is { } gone) DeleteLeft(batch, gone.Chains, after);
        batch.Commit();
        _left = null;
        Commit(after);
    }

    /// <summary>Makes the table anew where someone has removed it.</summary>
    public async Task VerifyAsync(ServiceTable table, CancellationToken cancellationToken)
    {
        if (IsThere()) return;
        _logger.LogWarning("The table {Table} was removed by someone else and is made anew", _options.Table);
        await NftCommand.ApplyAsync(Frame(), cancellationToken);
        _services.Clear();
        _backends.Clear();
        _owners.Clear();
        foreach (var entry in table.Entries) _changed[entry.Slot] = entry;
        _left = null;
        Apply(published: true);
    }

    private static string Removal(string table) => $"table inet {table} {{}}\ndelete table inet {table}\n";

    // Chains and sets of services have names with their slot; those of the frame have none.
    private static bool IsOfServices(string name) => name.Contains('_', StringComparison.Ordinal) && !name.StartsWith(MarkPrefix, StringComparison.Ordinal);

    // What an earlier process left is taken away and put anew in one transaction: no packet sees a table without services.
    private static void FlushLeft(NftBatch batch, List<string> chains, List<string> sets)
    {
        foreach (var family in NatFamily.All)
            foreach (var set in (ReadOnlySpan<string>)["services", "nodeports", "refused", "refusedports", "hairpin"]) batch.FlushSet(set + family.Suffix);
        foreach (var chain in chains) batch.FlushChain(chain);
        foreach (var set in sets) batch.DeleteSet(set);
    }

    private static void DeleteLeft(NftBatch batch, List<string> chains, Dictionary<int, NatService?> after)
    {
        var kept = after.Values.OfType<NatService>().SelectMany(service => service.Chains).Select(chain => chain.Name).ToHashSet();
        foreach (var chain in chains.Where(chain => !kept.Contains(chain))) batch.DeleteChain(chain);
    }

    private void Commit(Dictionary<int, NatService?> after)
    {
        foreach (var slot in after.Keys)
            foreach (var place in (IEnumerable<NatPlace>?)_services.GetValueOrDefault(slot)?.Elements.Keys ?? []) _owners.Remove(place);
        foreach (var (slot, service) in after)
            foreach (var place in (IEnumerable<NatPlace>?)service?.Elements.Keys ?? []) _owners[place] = slot;
        foreach (var (slot, service) in after)
        {
            foreach (var address in Addresses(service)) _backends[address] = _backends.GetValueOrDefault(address) + 1;
            foreach (var address in Addresses(_services.GetValueOrDefault(slot)))
                if (--_backends[address] == 0) _backends.Remove(address);
            if (service is not null)
            {
                _services[slot] = service;
                continue;
            }

            _services.Remove(slot);
            _numbers.Remove(slot);
            _entries.Remove(slot);
            _contending.Remove(slot);
        }

        _changed.Clear();
    }

    private static IEnumerable<IPAddress> Addresses(NatService? service) => service?.Backends ?? Enumerable.Empty<IPAddress>();

    // Kept as long as the service port: a backend that comes back has its number, and its clients.
    private int NumberOf(int slot, Backend backend)
    {
        if (!_numbers.TryGetValue(slot, out var numbers)) _numbers[slot] = numbers = [];
        var key = (backend.Uid, backend.Address);
        if (!numbers.TryGetValue(key, out var number)) numbers[key] = number = numbers.Count;
        return number;
    }

    // An address and port that two services ask for stays with the one that has it, else with the lower slot; nft would refuse the second,
    // and with it the changes of all. Whoever goes without is looked at again with every change.
    private void KeepOwned(Dictionary<int, NatService?> after)
    {
        foreach (var slot in _contending.Where(slot => !after.ContainsKey(slot) && _services.ContainsKey(slot)).ToList())
            after[slot] = new NatService(_entries[slot], _options, _reserved, backend => NumberOf(slot, backend));
        var claimed = new Dictionary<NatPlace, int>();
        foreach (var (slot, service) in after.OrderBy(pair => pair.Key))
        {
            var contended = _contending.Remove(slot);
            foreach (var place in service?.Elements.Keys.ToList() ?? [])
            {
                if (Owner(place, after) is { } owner ? owner == slot : claimed.TryAdd(place, slot)) continue;
                service!.Elements.Remove(place);
                _contending.Add(slot);
                if (!contended) _logger.LogWarning("{Place} is another service's already: {Service} is not reached there", place, _entries[slot].Port.Id);
            }
        }
    }

    // Who has the place and keeps it.
    private int? Owner(NatPlace place, Dictionary<int, NatService?> after) =>
        _owners.TryGetValue(place, out var slot) && (!after.TryGetValue(slot, out var next) || next?.Elements.ContainsKey(place) == true) ? slot : null;

    private static void AppendRemovals(NftBatch batch, NatService? before, NatService? after)
    {
        foreach (var (place, chain) in before?.Elements ?? [])
            if (after?.Elements.TryGetValue(place, out var same) != true || same != chain) batch.DeleteElement(place.Set, place.Key());
    }

    private static void Append(NftBatch batch, NatService? before, NatService? after)
    {
        foreach (var (chain, _) in after?.Chains ?? []) batch.AddChain(chain);
        // Rules first: sets and chains they name can't go before them.
        foreach (var (chain, _) in before?.Chains ?? []) batch.FlushChain(chain);
        foreach (var (set, clients) in before?.Sets ?? [])
            if (after?.Sets.TryGetValue(set, out var same) != true || same != clients) batch.DeleteSet(set);
        foreach (var (set, clients) in after?.Sets ?? [])
            if (before?.Sets.TryGetValue(set, out var same) != true || same != clients) batch.AddClientSet(set, clients.IsV6, clients.Timeout, MaxClients);
        foreach (var (chain, rules) in after?.Chains ?? [])
            foreach (var rule in rules) batch.AddRule(chain, rule);
        foreach (var (place, chain) in after?.Elements ?? [])
            if (before?.Elements.TryGetValue(place, out var same) != true || same != chain) batch.AddElement(place.Set, place.Key(), chain);
        foreach (var (chain, _) in before?.Chains ?? [])
            if (after?.Chains.Exists(other => other.Name == chain) != true) batch.DeleteChain(chain);
    }

    private void AppendHairpins(NftBatch batch, Dictionary<int, NatService?> after)
    {
        var counts = new Dictionary<IPAddress, int>();
        foreach (var (slot, service) in after)
        {
            foreach (var address in Addresses(_services.GetValueOrDefault(slot))) counts[address] = counts.GetValueOrDefault(address) - 1;
            foreach (var address in Addresses(service)) counts[address] = counts.GetValueOrDefault(address) + 1;
        }

        foreach (var (address, change) in counts)
        {
            var before = _backends.GetValueOrDefault(address);
            if ((before > 0) == (before + change > 0)) continue;
            var set = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "hairpin4" : "hairpin6";
            if (before > 0) batch.DeleteElement(set, NftPlace.Twice(address));
            else batch.AddElement(set, NftPlace.Twice(address), null);
        }
    }

    /// <summary>The name of a set that is there to tell what the table was made for: a process with other ranges makes it anew.</summary>
    private static string Mark(string frame) => MarkPrefix + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(frame)).AsSpan(0, 8));

    private string Frame()
    {
        var frame = FrameText();
        return $"{Removal(_options.Table)}{frame}add set inet {_options.Table} {Mark(frame)} {{ type mark; }}\n";
    }

    private string FrameText()
    {
        var script = new StringBuilder();
        var mark = string.Create(CultureInfo.InvariantCulture, $"0x{_options.MasqueradeMark:x}");
        script.Append(CultureInfo.InvariantCulture, $$"""
            table inet {{_options.Table}} {
              counter source_refused { }
            {{string.Concat(NatFamily.All.Select(Sets))}}
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

            """);
        return script.ToString();
    }

    private string Sets(NatFamily family) => $$"""
          map services{{family.Suffix}} { type {{family.Type}} . inet_proto . inet_service : verdict; }
          map nodeports{{family.Suffix}} { type inet_proto . inet_service : verdict; }
          set refused{{family.Suffix}} { type {{family.Type}} . inet_proto . inet_service; }
          set refusedports{{family.Suffix}} { type inet_proto . inet_service; }
          set reserved{{family.Suffix}} { type {{family.Type}} . inet_proto . inet_service; {{Contents(ReservedOf(family))}} }
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

    private IEnumerable<string> ReservedOf(NatFamily family) => _reserved
        .Where(place => family.Has(place.Address))
        .Select(place => string.Create(CultureInfo.InvariantCulture, $"{place.Address} . {NatFamily.Text(place.Protocol)} . {place.Port}"));

    private static string Contents<T>(IEnumerable<T> elements) => string.Join(", ", elements) is { Length: > 0 } text ? $"elements = {{ {text} }};" : "";
}
