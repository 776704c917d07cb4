using System.Net;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The backends' records. One that is gone keeps its record while connections to it live, so that they are counted to the end. One caller at a time.</summary>
internal sealed class BackendTable
{
    private const ushort UsableInternal = 1;
    private const ushort UsableExternal = 2;

    private readonly List<Draining> _draining = [];
    private readonly BpfArray<BackendRecord> _records;
    private readonly ListWriter _identities;
    private readonly SlotBlocks _slots;

    public BackendTable(BpfArray<BackendRecord> records, ListWriter identities)
    {
        _records = records;
        _identities = identities;
        _slots = new SlotBlocks(0, records.Length);
    }

    /// <summary>Backends that were removed since it was last emptied, with the identity their sockets carry. For the destroyer.</summary>
    public List<(ServiceProtocol Protocol, uint Index, uint Identity)> Gone { get; } = [];

    /// <summary>Gives every backend of both lists a record; false where there is no room, and then some have none.</summary>
    public bool Ensure(SocketService service, BackendList inside, BackendList outside)
    {
        foreach (var backend in inside.Backends)
            if (!Ensure(service, backend)) return false;
        foreach (var backend in outside.Backends)
            if (!Ensure(service, backend)) return false;
        return true;
    }

    /// <summary>Marks what backends may be used for, and lets go of those in neither list.</summary>
    public void RemoveOthers(SocketService service, BackendList inside, BackendList outside)
    {
        var usable = new Dictionary<BackendKey, ushort>(service.Backends.Count);
        foreach (var backend in inside.Backends) usable[BackendKey.Of(backend)] = UsableInternal;
        foreach (var backend in outside.Backends)
        {
            var key = BackendKey.Of(backend);
            usable[key] = (ushort)(usable.GetValueOrDefault(key) | UsableExternal);
        }

        foreach (var (key, index) in service.Backends)
        {
            if (usable.TryGetValue(key, out var bits)) _records[index].Usable = bits;
            else Drain(service, key, index);
        }
    }

    public void RemoveAll(SocketService service)
    {
        foreach (var (key, index) in service.Backends) Drain(service, key, index);
    }

    /// <summary>Frees the records of backends that are gone and have no connection left.</summary>
    public void FreeIdle()
    {
        for (var i = _draining.Count - 1; i >= 0; i--)
            if (Counters(_draining[i].Index).Active <= 0) Free(i);
    }

    public SocketCounters Counters(int index)
    {
        ref var record = ref _records[index];
        return new SocketCounters((long)Volatile.Read(ref record.Opened), (long)Volatile.Read(ref record.Failed), (long)Volatile.Read(ref record.Closed));
    }

    /// <summary>What backends that are gone have counted, by service.</summary>
    public Dictionary<SocketService, SocketCounters> DrainingCounters()
    {
        var sums = new Dictionary<SocketService, SocketCounters>();
        foreach (var draining in _draining)
            if (draining.Service is { } service) sums[service] = sums.GetValueOrDefault(service) + Counters(draining.Index);
        return sums;
    }

    /// <summary>Those that are gone and still have connections.</summary>
    public IEnumerable<DrainingBackend> AllDraining()
    {
        foreach (var draining in _draining)
        {
            if (draining.Service?.Entry is not { } entry || Counters(draining.Index) is not { Active: > 0 } counters) continue;
            var key = draining.Key;
            yield return new DrainingBackend(entry.Port.Id, new IPEndPoint(IPAddress.Parse(key.Address.ToString()), key.Port), counters.Active, draining.Index, draining.Identity);
        }
    }

    /// <summary>Goes on with the records of an earlier process.</summary>
    public void Recover(Dictionary<int, SocketService> services)
    {
        var used = new List<(int, int)>();
        for (var index = 0; index < _records.Length; index++)
        {
            ref var record = ref _records[index];
            if (record.Identity == 0) continue;
            used.Add((index, 1));
            if (record.Usable == 0 || !services.TryGetValue((int)record.Service, out var service) || !service.Backends.TryAdd(record.Key, index))
                _draining.Add(new Draining(null, record.Key, index, record.Identity));
        }

        _slots.Recover(used);
    }

    private bool Ensure(SocketService service, Backend backend)
    {
        var key = BackendKey.Of(backend);
        if (!service.Backends.TryGetValue(key, out var index))
        {
            index = Revive(service, key);
            if (index < 0) index = Add(service, key, backend);
            if (index < 0) return false;
            service.Backends.Add(key, index);
        }

        _records[index].Weight = (ushort)Math.Clamp(backend.Weight, 0, ushort.MaxValue);
        return true;
    }

    // The same backend is back while its connections still drain: it goes on.
    private int Revive(SocketService service, BackendKey key)
    {
        var found = _draining.FindIndex(draining => draining.Service == service && draining.Key == key);
        if (found < 0) return -1;
        var index = _draining[found].Index;
        _draining.RemoveAt(found);
        return index;
    }

    private int Add(SocketService service, BackendKey key, Backend backend)
    {
        var index = _slots.Take(1);
        if (index < 0 && _draining.Count > 0)
        {
            // Better that some old connections are counted no more than that new ones can't be made.
            Free(0);
            index = _slots.Take(1);
        }

        if (index < 0) return -1;
        ref var record = ref _records[index];
        record = default;
        record.SetAddress(backend.Address);
        record.Service = (uint)service.Slot;
        record.Uid = key.Uid;
        Volatile.Write(ref record.Identity, _identities.NextIdentity());
        return index;
    }

    private void Drain(SocketService service, BackendKey key, int index)
    {
        service.Backends.Remove(key);
        ref var record = ref _records[index];
        record.Usable = 0;
        _draining.Add(new Draining(service, key, index, record.Identity));
        Gone.Add((service.Entry?.Port.Id.Protocol ?? ServiceProtocol.Udp, (uint)index, record.Identity));
    }

    private void Free(int place)
    {
        var (service, _, index, _) = _draining[place];
        _draining.RemoveAt(place);
        if (service is not null) service.Retired += Counters(index);
        Volatile.Write(ref _records[index].Identity, 0);
        _slots.Return(index, 1);
    }

    private readonly record struct Draining(SocketService? Service, BackendKey Key, int Index, uint Identity);
}
