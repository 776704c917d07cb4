using System.ComponentModel;
using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Netlink;
using Cluster.Dataplane.Linux.Nftables.Messages;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>
/// Services by the kernel's own translation of addresses, for hosts whose policy demands it: one nftables table in which maps lead from a
/// place to the chain of its service, and from there to the backends in turn.
/// </summary>
/// <remarks>
/// A change touches the elements of its service and, where their number changes, the one rule that counts turns; in one transaction, spoken
/// to the kernel directly. Balancing is by turns or by the client's address; other policies count as turns. Nothing is tried again for a client
/// whose backend fails. What an earlier process left serves until the first whole table takes its place. Used by the data plane's loop.
/// </remarks>
public sealed class NatTable : IAsyncDisposable
{
    /// <summary>So many service ports that the kernel refuses are left out; with more of them it refuses for another reason than theirs.</summary>
    private const int MaxRefused = 8;

    private readonly Dictionary<ServicePortId, NatService> _services = [];
    private readonly Dictionary<ServicePortId, ServiceEntry?> _changed = [];
    private readonly Dictionary<IPAddress, int> _backends = [];
    private readonly HashSet<string> _sets = [];
    private readonly HashSet<ServicePortId> _refused = [];
    private readonly HashSet<string> _toldBridges = [];
    private readonly NatPlaces _places;
    private readonly NatFlows _flows;
    private readonly NftSocket _kernel = new();
    private readonly bool _passesInvalid = KernelSetting.Read("netfilter/nf_conntrack_tcp_be_liberal") is > 0;
    private readonly NatOptions _options;
    private readonly ILogger _logger;
    private IReadOnlyCollection<Place> _reserved = [];
    private NatFrame _frame;
    private List<string>? _leftChains;
    private bool _isKnown;
    // The kernel has refused even what does not build on what it has: until the table is made anew nothing more is asked of it.
    private bool _isDamaged;

    public NatTable(NatOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _places = new NatPlaces(logger);
        _flows = new NatFlows(logger);
        _frame = new NatFrame(options, [], _passesInvalid);
    }

    /// <summary>Told of a place that a service port goes without because another has it and, later, that it has it after all or asks for it no longer.</summary>
    public event Action<Frontend, FrontendResult>? Reported
    {
        add => _places.Reported += value;
        remove => _places.Reported -= value;
    }

    /// <summary>Ends when the kernel has forgotten the UDP flows that the changes in force have cut.</summary>
    public Task Cut => _flows.Cut;

    /// <summary>Removes the table if it is there.</summary>
    /// <exception cref="NftException">nft is missing, or refused.</exception>
    public static Task RemoveAsync(string table, CancellationToken cancellationToken) => NftCommand.ApplyAsync(NatFrame.Removal(table), cancellationToken);

    /// <summary>Makes the table, without services; or goes on with one that an earlier process left, services and all.</summary>
    /// <param name="reserved">Places on virtual addresses that this node itself answers, such as DNS.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NftException">nft is missing, or refused.</exception>
    public async Task StartAsync(IReadOnlyCollection<Place> reserved, CancellationToken cancellationToken)
    {
        _reserved = reserved;
        _frame = new NatFrame(_options, reserved, _passesInvalid);
        await NftCommand.EnsureAsync(cancellationToken);
        _options.Owned?.Invoke($"nft inet {_options.Table}");
        foreach (var missing in NatConditions.Missing(_options)) _logger.LogWarning("{Missing}", missing);
        LookAtBridges();
        if (!IsThere())
        {
            await NftCommand.ApplyAsync(_frame.Script, cancellationToken);
            return;
        }

        _leftChains = _kernel.Chains(_options.Table).FindAll(NatName.IsOfService);
        _sets.UnionWith(_kernel.Sets(_options.Table));
    }

    /// <summary>Notes a change of the table of services.</summary>
    public void Take(ServiceTableChange change)
    {
        var id = (change.After ?? change.Before)!.Port.Id;
        // One that was removed and set again at once has another slot; the removal may be told last, and is of the old one.
        if (change.After is null && _changed.GetValueOrDefault(id) is { } known && known.Slot != change.Before!.Slot) return;
        _changed[id] = change.After;
    }

    /// <summary>Carries out what was noted, at once or not at all.</summary>
    /// <param name="published">A table was published: the first one takes the place of what an earlier process left, even if it is empty.</param>
    /// <exception cref="NftException">The kernel refused, and what it holds could not be put anew; <see cref="VerifyAsync"/> makes the table anew.</exception>
    public void Apply(bool published)
    {
        _isKnown |= published;
        if (!_isKnown || _isDamaged || (_changed.Count == 0 && _leftChains is null)) return;
        try
        {
            Apply(Wanted());
        }
        catch (NftException exception) when (exception.Refused)
        {
            // Someone has taken away what the change builds on, or an acknowledgement was lost.
            _logger.LogWarning("The table {Table} is not as it was made, and all services are put there anew: {Error}", _options.Table, exception.Message);
            _isDamaged = true;
            TakeAsLeft();
            ApplyWithoutRefused(Wanted());
            // Where nothing at all was accepted the kernel still holds what is to be replaced: that is for the table made anew.
            _isDamaged = _leftChains is not null;
        }
    }

    /// <summary>Makes the table anew where someone has removed or changed it.</summary>
    public async Task VerifyAsync(ServiceTable table, CancellationToken cancellationToken)
    {
        LookAtBridges();
        if (!_isDamaged && IsThere() && IsWhole())
        {
            TryRefusedAgain(table);
            return;
        }

        _logger.LogWarning("The table {Table} was removed or changed by someone else and is made anew", _options.Table);
        await NftCommand.ApplyAsync(_frame.Script, cancellationToken);
        Forget();
        foreach (var entry in table.Entries) _changed[entry.Port.Id] = entry;
        (_isKnown, _isDamaged) = (true, true);
        ApplyWithoutRefused(Wanted());
        _isDamaged = false;
    }

    /// <summary>What the kernel has counted; null where the table is not there, or the kernel does not say. Any thread.</summary>
    public NatRefusals? Refusals()
    {
        using var kernel = new NftSocket();
        try
        {
            return kernel.Counted(_options.Table, NatFrame.Refused) is { } refused && kernel.Counted(_options.Table, NatFrame.SourceRefused) is { } outside
                ? new NatRefusals(refused, outside)
                : null;
        }
        catch (NftException exception)
        {
            _logger.LogDebug("The counters of the table {Table} cannot be read: {Error}", _options.Table, exception.Message);
            return null;
        }
    }

    /// <summary>Leaves the table to the next process.</summary>
    public ValueTask DisposeAsync()
    {
        _kernel.Dispose();
        return _flows.DisposeAsync();
    }

    // Pods are attached at any time, and their bridge may be made for the first of them.
    private void LookAtBridges()
    {
        try
        {
            foreach (var (bridge, missing) in NatConditions.MissingAtBridges(_options, InterfaceAddresses.List()))
                if (_toldBridges.Add(bridge)) _logger.LogWarning("{Missing}", missing);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            // The next look is near, and nothing is served by it.
            _logger.LogDebug("Bridges can't be looked at: {Error}", exception.Message);
        }
    }

    // Not by nft, which would read the whole table.
    private bool IsThere() => _kernel.HasSet(_options.Table, _frame.Mark);

    private bool IsWhole() => _frame.Rules.All(chain => _kernel.Rules(_options.Table, chain.Chain) == chain.Rules);

    private Dictionary<ServicePortId, NatService?> Wanted()
    {
        var after = new Dictionary<ServicePortId, NatService?>();
        foreach (var (id, entry) in _changed) after[id] = entry is null ? null : Service(entry);
        // Whoever goes without a place is looked at again with every change.
        foreach (var id in _places.Contending.Where(id => !after.ContainsKey(id) && _services.ContainsKey(id)).ToList()) after[id] = Service(_services[id].Entry);
        _places.KeepOwned(after);
        return after;
    }

    private void Apply(Dictionary<ServicePortId, NatService?> after)
    {
        Commit([.. after.Select(pair => new NatChange(_services.GetValueOrDefault(pair.Key), pair.Value))]);
        Note(after);
    }

    // What was refused for want of memory, or by a lost acknowledgement, may be taken the next time.
    private void TryRefusedAgain(ServiceTable table)
    {
        if (_refused.Count == 0) return;
        foreach (var entry in table.Entries)
            if (_refused.Contains(entry.Port.Id)) _changed[entry.Port.Id] = entry;
        _refused.Clear();
        ApplyWithoutRefused(Wanted());
    }

    // One that the kernel will not have is found by halves, and left out until it changes or the table is looked at again: the others must not wait for it.
    private void ApplyWithoutRefused(Dictionary<ServicePortId, NatService?> after)
    {
        var refused = 0;
        var parts = new Stack<KeyValuePair<ServicePortId, NatService?>[]>([[.. after]]);
        while (parts.TryPop(out var part))
        {
            try
            {
                Apply(new Dictionary<ServicePortId, NatService?>(part));
            }
            catch (NftException exception) when (exception.Refused && part.Length > 1)
            {
                _logger.LogDebug("Of {Count} service ports one is refused: {Error}", part.Length, exception.Message);
                parts.Push(part[(part.Length / 2)..]);
                parts.Push(part[..(part.Length / 2)]);
            }
            catch (NftException exception) when (exception.Refused && part is [var (id, _)] && ++refused <= MaxRefused)
            {
                _logger.LogError("{Service} is not served: {Error}", id, exception.Message);
                _changed.Remove(id);
                _refused.Add(id);
            }
        }
    }

    // The kernel's table holds what no one knows any more, as one that another process left does.
    private void TakeAsLeft()
    {
        foreach (var (id, service) in _services) _changed.TryAdd(id, service.Entry);
        Forget();
        _leftChains = _kernel.Chains(_options.Table).FindAll(NatName.IsOfService);
        _sets.UnionWith(_kernel.Sets(_options.Table));
    }

    private void Forget()
    {
        _services.Clear();
        _backends.Clear();
        _sets.Clear();
        _refused.Clear();
        _places.Clear();
        _leftChains = null;
    }

    private NatService Service(ServiceEntry entry) => new(entry, _options, _reserved, _services.GetValueOrDefault(entry.Port.Id));

    private void Commit(NatChange[] changes)
    {
        using var batch = new NftBatch(_options.Table);
        // What an earlier process left is taken away and put anew in one transaction: no packet sees a table without services.
        if (_leftChains is not null) FlushLeft(batch, _leftChains);
        foreach (var change in changes) change.RemovePlaces(batch);
        var made = AddSets(batch, changes);
        foreach (var change in changes) change.AddChains(batch);
        foreach (var change in changes) change.SetRules(batch);
        foreach (var change in changes) change.SetLists(batch);
        foreach (var change in changes) change.AddPlaces(batch);
        SetHairpins(batch, changes);
        foreach (var change in changes) change.RemoveChains(batch);
        if (_leftChains is not null) DeleteLeft(batch, _leftChains, changes);
        _kernel.Commit(batch);
        _sets.UnionWith(made);
        _flows.Follow(changes, isFirst: _leftChains is not null);
        _leftChains = null;
    }

    private HashSet<string> AddSets(NftBatch batch, NatChange[] changes)
    {
        var made = new HashSet<string>();
        foreach (var service in changes.Select(change => change.After).OfType<NatService>())
        {
            foreach (var list in service.Lists)
                if (!_sets.Contains(list.Map) && made.Add(list.Map)) batch.AddTargetMap(list.Map, list.Family.IsV6);
            foreach (var (set, family) in service.ClientSets)
                if (!_sets.Contains(set) && made.Add(set)) batch.AddClientSet(set, family.IsV6, NatMaps.MaxClients, NatMaps.CollectEvery);
        }

        return made;
    }

    private void FlushLeft(NftBatch batch, List<string> chains)
    {
        foreach (var set in NatFrame.FilledSets.Concat(_sets.Where(NatMaps.IsOfBackends))) batch.FlushSet(set);
        foreach (var chain in chains) batch.FlushChain(chain);
    }

    private static void DeleteLeft(NftBatch batch, List<string> chains, NatChange[] changes)
    {
        var kept = changes.SelectMany(change => change.After?.Chains ?? []).Select(chain => chain.Name).ToHashSet();
        foreach (var chain in chains.Where(chain => !kept.Contains(chain))) batch.DeleteChain(chain);
    }

    private void SetHairpins(NftBatch batch, NatChange[] changes)
    {
        var counts = new Dictionary<IPAddress, int>();
        foreach (var change in changes)
        {
            foreach (var address in change.Before?.Addresses ?? []) counts[address] = counts.GetValueOrDefault(address) - 1;
            foreach (var address in change.After?.Addresses ?? []) counts[address] = counts.GetValueOrDefault(address) + 1;
        }

        Span<byte> key = stackalloc byte[NftPlace.MaxBytes];
        foreach (var (address, change) in counts)
        {
            var before = _backends.GetValueOrDefault(address);
            if ((before > 0) == (before + change > 0)) continue;
            var set = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "hairpin4" : "hairpin6";
            if (before > 0) batch.DeleteElement(set, NftPlace.WriteTwice(key, address));
            else batch.AddElement(set, NftPlace.WriteTwice(key, address));
        }
    }

    private void Note(Dictionary<ServicePortId, NatService?> after)
    {
        _places.Note(_services, after);
        foreach (var (id, service) in after)
        {
            foreach (var address in service?.Addresses ?? []) _backends[address] = _backends.GetValueOrDefault(address) + 1;
            foreach (var address in _services.GetValueOrDefault(id)?.Addresses ?? [])
                if (--_backends[address] == 0) _backends.Remove(address);
            if (service is null) _services.Remove(id);
            else _services[id] = service;
            _changed.Remove(id);
        }
    }
}
