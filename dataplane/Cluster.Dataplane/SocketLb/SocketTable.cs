using System.Net.Sockets;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Keeps the maps equal to the service table, writing only what a change touches. One caller at a time.</summary>
/// <remarks>
/// Order is what keeps programs from seeing halves: backends are complete before a list names them, lists before a service, services
/// before a frontend; and the other way when something goes.
/// </remarks>
internal sealed class SocketTable
{
    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    private readonly Dictionary<(ServicePortId Id, AddressFamily Family), SocketService> _services = [];
    private readonly Dictionary<ulong, SocketService> _leftovers = [];
    private readonly Dictionary<FrontendKey, SocketService> _owners = [];
    private readonly HashSet<SocketService> _contesting = [];
    private readonly HashSet<FrontendKey> _reserved;
    private readonly SocketMaps _maps;
    private readonly BackendTable _backends;
    private readonly ListWriter _lists;
    private readonly SlotBlocks _slots;
    private readonly bool _onlyWhereAsked;
    private bool _released;

    /// <param name="maps">Where it writes.</param>
    /// <param name="options">What is taken, and how long connections of backends that are gone may go on.</param>
    /// <param name="time">By which that is told.</param>
    public SocketTable(SocketMaps maps, SocketLoadBalancerOptions options, TimeProvider time)
    {
        _reserved = [.. options.Reserved.Select(place => new FrontendKey(place.Address, place.Port, place.Protocol))];
        _maps = maps;
        _onlyWhereAsked = options.OnlyWhereAsked;
        _lists = new ListWriter(maps.Slots);
        _backends = new BackendTable(maps.Backends, maps.Traffic, _lists, options.DrainTimeout, time);
        _slots = new SlotBlocks(0, maps.Services.Length);
        if (maps.TakenOver) Recover();
    }

    public BackendTable Backends => _backends;

    /// <summary>Puts a service port into the maps, each address family that its backends have by itself.</summary>
    /// <returns>What is not there, and why; null where all of it is. The relays have the rest.</returns>
    public LeftToRelays? Set(ServiceEntry entry)
    {
        if (ConnectPath.WhyNot(entry.Port, _onlyWhereAsked) is { } reason)
        {
            Remove(entry.Port.Id);
            return new LeftToRelays(reason, IsWhole: true);
        }

        string? left = null;
        var taken = 0;
        foreach (var family in Families)
        {
            if (SetFamily(entry, family) is { } whyNot) left ??= whyNot;
            else if (_services.ContainsKey((entry.Port.Id, family))) taken++;
        }

        return left is null ? null : new LeftToRelays(left, IsWhole: taken == 0);
    }

    /// <summary>All services of this process's table.</summary>
    public IReadOnlyCollection<SocketService> Services => _services.Values;

    /// <summary>Services of an earlier process's table that this one's does not have yet.</summary>
    public IReadOnlyCollection<SocketService> Leftovers => _leftovers.Values;

    /// <summary>Takes a service port out of the maps, if it is there.</summary>
    public void Remove(ServicePortId id)
    {
        foreach (var family in Families) Remove(id, family);
    }

    /// <summary>What was counted for a backend of a service port, over its families; also of one that is chosen no more and has connections still.</summary>
    public SocketCounters Counters(ServicePortId id, Backend backend)
    {
        var sum = default(SocketCounters);
        foreach (var family in Families)
        {
            if (backend.AddressOf(family) is null || !_services.TryGetValue((id, family), out var service)) continue;
            var key = BackendKey.Of(backend, family);
            if (service.Backends.TryGetValue(key, out var index)) sum += _backends.Counters(index);
            if (service.Draining.TryGetValue(key, out var draining)) sum += _backends.Counters(draining.Index);
        }

        return sum;
    }

    /// <summary>Removes what an earlier process had put there and this one has not.</summary>
    public void RemoveLeftovers()
    {
        foreach (var service in _leftovers.Values) Remove(service);
        _leftovers.Clear();
        _backends.GiveGraceToLeftovers();
    }

    /// <summary>Ends a round of changes: addresses that were given up go to services that had wanted them, and records no one uses are freed.</summary>
    public void Settle()
    {
        if (_released)
        {
            _released = false;
            foreach (var service in _contesting.ToList()) SetFrontends(service, service.Entry!);
        }

        _backends.FreeIdle();
    }

    /// <summary>What was counted, a line a service port.</summary>
    public IEnumerable<ServiceCounters> AllCounters()
    {
        var draining = _backends.DrainingCounters();
        foreach (var port in _services.GroupBy(pair => pair.Key.Id, pair => pair.Value))
            yield return port.Select(service => CountersOf(port.Key, service, draining.GetValueOrDefault(service))).Aggregate(ServiceCounters.Sum);
    }

    private ServiceCounters CountersOf(ServicePortId id, SocketService service, SocketCounters draining)
    {
        var sum = service.Retired + draining;
        foreach (var index in service.Backends.Values) sum += _backends.Counters(index);
        ref var record = ref _maps.Services[service.Slot];
        return new ServiceCounters(id, sum, (long)Volatile.Read(ref record.Refused), (long)Volatile.Read(ref record.Flows));
    }

    // Null where the family is taken, or where the port has no addresses of it.
    private string? SetFamily(ServiceEntry entry, AddressFamily family)
    {
        var (inside, outside) = (BackendList.Of(entry, TrafficScope.Internal, family), BackendList.Of(entry, TrafficScope.External, family));
        var isInside = ConnectPath.Frontends(entry.Port, TrafficScope.Internal, family).Any();
        var isOutside = ConnectPath.Frontends(entry.Port, TrafficScope.External, family).Any();
        var left = (isInside && inside is null) || (entry.Port.HasExternalAddress(family) && outside is null)
            ? $"its backends have no {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} addresses"
            : null;
        if (!(isInside && inside is not null) && !(isOutside && outside is not null))
        {
            Remove(entry.Port.Id, family);
            return left;
        }

        var service = Find(entry.Port.Id, family) ?? Add(entry.Port.Id, family);
        if (service is null) return $"the map of services is full ({_maps.Services.Length})";
        if (Write(service, entry, inside, outside) is not { } full) return left;
        Remove(entry.Port.Id, family);
        return full;
    }

    private SocketService? Find(ServicePortId id, AddressFamily family)
    {
        if (_services.TryGetValue((id, family), out var service)) return service;
        if (!_leftovers.Remove(StableHash.Of(id, family), out service)) return null;
        service.Family = family;
        _services.Add((id, family), service);
        return service;
    }

    private SocketService? Add(ServicePortId id, AddressFamily family)
    {
        var slot = _slots.Take(1);
        if (slot < 0) return null;
        var service = new SocketService(slot, _lists.NextIdentity()) { Family = family };
        ref var record = ref _maps.Services[slot];
        record = default;
        record.Name = StableHash.Of(id, family);
        record.Epoch = _lists.NextIdentity();
        Volatile.Write(ref record.Identity, service.Identity);
        _services.Add((id, family), service);
        return service;
    }

    private void Remove(ServicePortId id, AddressFamily family)
    {
        if (Find(id, family) is not { } service) return;
        _services.Remove((id, family));
        _contesting.Remove(service);
        Remove(service);
    }

    private string? Write(SocketService service, ServiceEntry entry, BackendList? inside, BackendList? outside)
    {
        ref var record = ref _maps.Services[service.Slot];
        if (service.Entry is { } before && before.State != entry.State) Volatile.Write(ref record.Epoch, _lists.NextIdentity());
        service.Entry = entry;
        var (forInside, forOutside) = (inside ?? BackendList.Empty, outside ?? BackendList.Empty);
        if (!_backends.Ensure(service, forInside, forOutside)) return $"the map of backends is full ({_maps.Backends.Length})";
        if (!WriteList(ref record.Internal, service, forInside) || !WriteList(ref record.External, service, forOutside))
            return $"the map of lists is full ({_maps.Slots.Length})";
        service.Scopes = (inside, outside) switch
        {
            (null, _) => [TrafficScope.External],
            (_, null) => [TrafficScope.Internal],
            _ => [TrafficScope.Internal, TrafficScope.External],
        };
        SetFrontends(service, entry);
        _backends.RemoveOthers(service, forInside, forOutside);
        return null;
    }

    private bool WriteList(ref ulong word, SocketService service, BackendList list)
    {
        Span<uint> indices = list.Backends.Length <= 256 ? stackalloc uint[list.Backends.Length] : new uint[list.Backends.Length];
        for (var i = 0; i < indices.Length; i++) indices[i] = (uint)service.Backends[BackendKey.Of(list.Backends[i], service.Family)];
        var turns = new uint[list.Turns.Length];
        for (var i = 0; i < turns.Length; i++) turns[i] = indices[(int)list.Turns[i]];
        return _lists.Write(ref word, list.Flags, list.AffinitySeconds, turns);
    }

    private void SetFrontends(SocketService service, ServiceEntry entry)
    {
        var wanted = new Dictionary<FrontendKey, FrontendValue>();
        foreach (var scope in service.Scopes)
        {
            var flag = scope == TrafficScope.External ? FrontendValue.External : 0;
            foreach (var key in ConnectPath.Frontends(entry.Port, scope, service.Family))
                if (!_reserved.Contains(key)) wanted.TryAdd(key, new FrontendValue((uint)service.Slot | flag, service.Identity));
        }

        foreach (var gone in service.Frontends.Keys.Where(key => !wanted.ContainsKey(key)).ToList()) Release(service, gone);
        var contests = false;
        foreach (var (key, value) in wanted) contests |= !Claim(service, key, value);
        if (contests) _contesting.Add(service);
        else _contesting.Remove(service);
    }

    // False where another service has the address and port: the first one keeps it.
    private bool Claim(SocketService service, FrontendKey key, FrontendValue value)
    {
        if (_owners.TryGetValue(key, out var owner) && owner != service) return false;
        if (service.Frontends.TryGetValue(key, out var known) && known == value) return true;
        _maps.Frontends.Set(key, value);
        _owners[key] = service;
        service.Frontends[key] = value;
        return true;
    }

    private void Release(SocketService service, FrontendKey key)
    {
        _maps.Frontends.Remove(key);
        service.Frontends.Remove(key);
        _owners.Remove(key);
        _released = true;
    }

    private void Remove(SocketService service)
    {
        foreach (var key in service.Frontends.Keys.ToList()) Release(service, key);
        ref var record = ref _maps.Services[service.Slot];
        _lists.Clear(ref record.Internal);
        _lists.Clear(ref record.External);
        Volatile.Write(ref record.Identity, 0);
        _backends.RemoveAll(service);
        _slots.Return(service.Slot, 1);
    }

    private void Recover()
    {
        var bySlot = new Dictionary<int, SocketService>();
        var words = new List<ulong>();
        for (var slot = 0; slot < _maps.Services.Length; slot++)
        {
            ref var record = ref _maps.Services[slot];
            if (record.Identity == 0) continue;
            var service = new SocketService(slot, record.Identity);
            bySlot.Add(slot, service);
            if (!_leftovers.TryAdd(record.Name, service)) _leftovers.Add(record.Identity, service);
            words.Add(record.Internal);
            words.Add(record.External);
        }

        _lists.Recover(words);
        _slots.Recover(bySlot.Keys.Select(slot => (slot, 1)));
        foreach (var (key, value) in _maps.Frontends.ReadAll())
        {
            if (bySlot.TryGetValue(value.Slot, out var service) && service.Identity == value.Identity && _owners.TryAdd(key, service))
                service.Frontends.Add(key, value);
            else _maps.Frontends.Remove(key);
        }

        _backends.Recover(bySlot);
    }
}
