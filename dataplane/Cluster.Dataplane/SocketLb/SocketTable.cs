using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Keeps the maps equal to the service table, writing only what a change touches. One caller at a time.</summary>
/// <remarks>
/// Order is what keeps programs from seeing halves: backends are complete before a list names them, lists before a service, services
/// before a frontend; and the other way when something goes.
/// </remarks>
internal sealed class SocketTable
{
    private readonly Dictionary<ServicePortId, SocketService> _services = [];
    private readonly Dictionary<ulong, SocketService> _leftovers = [];
    private readonly Dictionary<FrontendKey, SocketService> _owners = [];
    private readonly HashSet<ServicePortId> _contesting = [];
    private readonly HashSet<FrontendKey> _reserved;
    private readonly SocketMaps _maps;
    private readonly BackendTable _backends;
    private readonly ListWriter _lists;
    private readonly SlotBlocks _slots;
    private readonly bool _onlyWhereAsked;
    private bool _released;

    /// <param name="maps">Where it writes.</param>
    /// <param name="onlyWhereAsked">Takes only service ports that ask for the path.</param>
    /// <param name="reserved">Places that are someone else's to answer.</param>
    public SocketTable(SocketMaps maps, bool onlyWhereAsked, IEnumerable<FrontendKey> reserved)
    {
        _reserved = [.. reserved];
        _maps = maps;
        _onlyWhereAsked = onlyWhereAsked;
        _lists = new ListWriter(maps.Slots);
        _backends = new BackendTable(maps.Backends, _lists);
        _slots = new SlotBlocks(0, maps.Services.Length);
        if (maps.TakenOver) Recover();
    }

    public BackendTable Backends => _backends;

    public IReadOnlyDictionary<ServicePortId, SocketService> Services => _services;

    /// <summary>Puts a service port into the maps.</summary>
    /// <returns>Null, or why it is not there: then the loops have it.</returns>
    public string? Set(ServiceEntry entry)
    {
        if (ConnectPath.WhyNot(entry.Port, _onlyWhereAsked) is { } reason)
        {
            Remove(entry.Port.Id);
            return reason;
        }

        var service = Find(entry.Port.Id) ?? Add(entry.Port.Id);
        if (service is null) return $"the map of services is full ({_maps.Services.Length})";
        if (Write(service, entry) is not { } full) return null;
        Remove(entry.Port.Id);
        return full;
    }

    /// <summary>Takes a service port out of the maps, if it is there.</summary>
    public void Remove(ServicePortId id)
    {
        if (Find(id) is not { } service) return;
        _services.Remove(id);
        _contesting.Remove(id);
        Remove(service);
    }

    /// <summary>Removes what an earlier process had put there and this one has not.</summary>
    public void RemoveLeftovers()
    {
        foreach (var service in _leftovers.Values) Remove(service);
        _leftovers.Clear();
    }

    /// <summary>Ends a round of changes: addresses that were given up go to services that had wanted them, and records no one uses are freed.</summary>
    public void Settle()
    {
        if (_released)
        {
            _released = false;
            foreach (var id in _contesting.ToList())
                if (_services.TryGetValue(id, out var service)) SetFrontends(service, service.Entry!);
        }

        _backends.FreeIdle();
    }

    /// <summary>What was counted, a line a service port.</summary>
    public IEnumerable<ServiceCounters> AllCounters()
    {
        var draining = _backends.DrainingCounters();
        foreach (var (id, service) in _services)
        {
            var sum = service.Retired + draining.GetValueOrDefault(service);
            foreach (var index in service.Backends.Values) sum += _backends.Counters(index);
            ref var record = ref _maps.Services[service.Slot];
            yield return new ServiceCounters(id, sum, (long)Volatile.Read(ref record.Refused), (long)Volatile.Read(ref record.Flows));
        }
    }

    private SocketService? Find(ServicePortId id)
    {
        if (_services.TryGetValue(id, out var service)) return service;
        if (!_leftovers.Remove(StableHash.Of(id), out service)) return null;
        _services.Add(id, service);
        return service;
    }

    private SocketService? Add(ServicePortId id)
    {
        var slot = _slots.Take(1);
        if (slot < 0) return null;
        var service = new SocketService(slot, _lists.NextIdentity());
        ref var record = ref _maps.Services[slot];
        record = default;
        record.Name = StableHash.Of(id);
        record.Epoch = _lists.NextIdentity();
        Volatile.Write(ref record.Identity, service.Identity);
        _services.Add(id, service);
        return service;
    }

    private string? Write(SocketService service, ServiceEntry entry)
    {
        ref var record = ref _maps.Services[service.Slot];
        if (service.Entry is { } before && before.State != entry.State) Volatile.Write(ref record.Epoch, _lists.NextIdentity());
        service.Entry = entry;
        var inside = BackendList.Of(entry, TrafficScope.Internal);
        var outside = BackendList.Of(entry, TrafficScope.External);
        if (!_backends.Ensure(service, inside, outside)) return $"the map of backends is full ({_maps.Backends.Length})";
        if (!WriteList(ref record.Internal, service, inside) || !WriteList(ref record.External, service, outside))
            return $"the map of lists is full ({_maps.Slots.Length})";
        SetFrontends(service, entry);
        _backends.RemoveOthers(service, inside, outside);
        return null;
    }

    private bool WriteList(ref ulong word, SocketService service, BackendList list)
    {
        Span<uint> indices = list.Backends.Length <= 256 ? stackalloc uint[list.Backends.Length] : new uint[list.Backends.Length];
        for (var i = 0; i < indices.Length; i++) indices[i] = (uint)service.Backends[BackendKey.Of(list.Backends[i])];
        var turns = new uint[list.Turns.Length];
        for (var i = 0; i < turns.Length; i++) turns[i] = indices[(int)list.Turns[i]];
        return _lists.Write(ref word, list.Flags, list.AffinitySeconds, turns);
    }

    private void SetFrontends(SocketService service, ServiceEntry entry)
    {
        var wanted = new Dictionary<FrontendKey, FrontendValue>();
        foreach (var scope in (ReadOnlySpan<TrafficScope>)[TrafficScope.Internal, TrafficScope.External])
        {
            var flag = scope == TrafficScope.External ? FrontendValue.External : 0;
            foreach (var key in ConnectPath.Frontends(entry.Port, scope, entry.UsableInside(scope).ToArray()))
                if (!_reserved.Contains(key)) wanted.TryAdd(key, new FrontendValue((uint)service.Slot | flag, service.Identity));
        }

        foreach (var gone in service.Frontends.Keys.Where(key => !wanted.ContainsKey(key)).ToList()) Release(service, gone);
        var contests = false;
        foreach (var (key, value) in wanted) contests |= !Claim(service, key, value);
        if (contests) _contesting.Add(entry.Port.Id);
        else _contesting.Remove(entry.Port.Id);
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
