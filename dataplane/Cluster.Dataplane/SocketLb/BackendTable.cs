using System.Net;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The backends' records. One that is gone keeps its record while connections to it live, so that they are counted to the end. One caller at a time.</summary>
/// <remarks>
/// A backend that its service no longer has is given a grace; what TCP connections it has then are closed. One that is only not ready, or on its
/// way out, keeps them as long as it is there. Connected UDP sockets are closed at once in either case, as flows move on in the relays.
/// </remarks>
internal sealed class BackendTable
{
    private const ushort UsableInternal = 1;
    private const ushort UsableExternal = 2;

    /// <summary>UDP sockets that could not be closed, in a namespace that was not known yet, are looked for again so soon, and then half as often each time.</summary>
    private static readonly TimeSpan FirstCutPause = TimeSpan.FromSeconds(1), LastCutPause = TimeSpan.FromMinutes(1);

    private readonly List<DrainingRecord> _draining = [];
    private readonly BpfArray<BackendRecord> _records;
    private readonly BpfArray<TrafficRecord> _traffic;
    private readonly ListWriter _identities;
    private readonly SlotBlocks _slots;
    private readonly TimeSpan _grace;
    private readonly TimeProvider _time;

    /// <param name="records">Where it writes.</param>
    /// <param name="traffic">What is counted of each.</param>
    /// <param name="identities">Gives each record a number of its own.</param>
    /// <param name="grace">How long connections of a backend that is gone may go on.</param>
    /// <param name="time">By which the grace is told.</param>
    public BackendTable(BpfArray<BackendRecord> records, BpfArray<TrafficRecord> traffic, ListWriter identities, TimeSpan grace, TimeProvider time)
    {
        _records = records;
        _traffic = traffic;
        _identities = identities;
        _slots = new SlotBlocks(0, records.Length);
        _grace = grace;
        _time = time;
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
        foreach (var backend in inside.Backends) usable[BackendKey.Of(backend, service.Family)] = UsableInternal;
        foreach (var backend in outside.Backends)
        {
            var key = BackendKey.Of(backend, service.Family);
            usable[key] = (ushort)(usable.GetValueOrDefault(key) | UsableExternal);
        }

        foreach (var (key, index) in service.Backends)
        {
            if (usable.TryGetValue(key, out var bits)) _records[index].Usable = bits;
            else Drain(service, key, index);
        }

        if (service.Draining.Count > 0) GiveGrace(service, Known(service));
    }

    public void RemoveAll(SocketService service)
    {
        foreach (var (key, index) in service.Backends) Drain(service, key, index);
        GiveGrace(service, []);
    }

    /// <summary>Gives a grace to what an earlier process left and no service of this one's table knows.</summary>
    public void GiveGraceToLeftovers()
    {
        foreach (var draining in _draining)
            if (draining.Service is null) draining.CloseAt ??= Deadline();
    }

    /// <summary>The identities of backends whose sockets of a protocol are to be closed by now. Each is told once a grace, or pause.</summary>
    public List<uint> TakeOverdue(ServiceProtocol protocol)
    {
        var now = _time.GetTimestamp();
        var overdue = new List<uint>();
        foreach (var draining in _draining)
        {
            // What an earlier process left may be of either.
            if ((draining.Service?.Entry?.Port.Id.Protocol ?? protocol) != protocol || !IsOverdue(draining, protocol, now) || Counters(draining.Index).Active <= 0) continue;
            overdue.Add(draining.Identity);
            // What could not be closed now, in a namespace not known yet, is tried again.
            if (protocol == ServiceProtocol.Tcp) draining.CloseAt = Deadline();
            else PauseCut(draining);
        }

        return overdue;
    }

    private static bool IsOverdue(DrainingRecord draining, ServiceProtocol protocol, long now) =>
        protocol == ServiceProtocol.Tcp ? draining.CloseAt <= now : draining.CutAt <= now && (draining.Service?.Entry is not null || draining.CloseAt is not null);

    private void PauseCut(DrainingRecord draining)
    {
        draining.CutPause = draining.CutPause == TimeSpan.Zero ? FirstCutPause : TimeSpan.FromTicks(Math.Min(draining.CutPause.Ticks * 2, LastCutPause.Ticks));
        draining.CutAt = After(draining.CutPause);
    }

    /// <summary>Frees the records of backends that are gone and have no connection left.</summary>
    public void FreeIdle()
    {
        for (var i = _draining.Count - 1; i >= 0; i--)
            if (Counters(_draining[i].Index).Active <= 0) Free(_draining[i]);
    }

    public SocketCounters Counters(int index)
    {
        ref var record = ref _records[index];
        var traffic = _traffic[index];
        return new SocketCounters(
            (long)Volatile.Read(ref record.Opened), (long)Volatile.Read(ref record.Failed), (long)Volatile.Read(ref record.Closed), (long)traffic.ToBackend, (long)traffic.ToClient);
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

    /// <summary>TCP connections that live of backends with a uid whose services no longer have them.</summary>
    /// <param name="uid">The hash of it.</param>
    public long GoneConnections(ulong uid)
    {
        long sum = 0;
        foreach (var draining in _draining)
        {
            // What an earlier process left may be of either protocol: better to wait for a socket too many.
            if (draining.Key.Uid != uid || draining.Service?.Entry?.Port.Id.Protocol == ServiceProtocol.Udp) continue;
            if (draining.Service?.Entry is null || draining.CloseAt is not null) sum += Math.Max(0, Counters(draining.Index).Active);
        }

        return sum;
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
            var service = services.GetValueOrDefault((int)record.Service);
            if (record.Usable != 0 && service?.Backends.TryAdd(record.Key, index) == true)
            {
                if (service.Draining.Remove(record.Key, out var earlier)) earlier.Service = null;
                continue;
            }

            // Its slot may be another service's by now, which at most goes on with its counters; of two of one key there the one in use is its own, else the first.
            if (service is not null && (service.Backends.ContainsKey(record.Key) || service.Draining.ContainsKey(record.Key))) service = null;
            Add(new DrainingRecord(service, record.Key, index, record.Identity));
        }

        _slots.Recover(used);
    }

    private bool Ensure(SocketService service, Backend backend)
    {
        var key = BackendKey.Of(backend, service.Family);
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
        if (!service.Draining.TryGetValue(key, out var draining)) return -1;
        Forget(draining);
        return draining.Index;
    }

    private int Add(SocketService service, BackendKey key, Backend backend)
    {
        var index = _slots.Take(1);
        if (index < 0 && _draining.Count > 0)
        {
            // Better that some old connections are counted no more than that new ones can't be made.
            Free(_draining[0]);
            index = _slots.Take(1);
        }

        if (index < 0) return -1;
        ref var record = ref _records[index];
        record = default;
        _traffic[index] = default;
        record.SetAddress(backend.AddressOf(service.Family)!);
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
        var draining = new DrainingRecord(service, key, index, record.Identity);
        PauseCut(draining);
        Add(draining);
        Gone.Add((service.Entry?.Port.Id.Protocol ?? ServiceProtocol.Udp, (uint)index, record.Identity));
    }

    private static HashSet<BackendKey> Known(SocketService service)
    {
        var known = new HashSet<BackendKey>();
        foreach (var backend in service.Entry!.Backends)
            if (backend.AddressOf(service.Family) is not null) known.Add(BackendKey.Of(backend, service.Family));
        return known;
    }

    private void GiveGrace(SocketService service, HashSet<BackendKey> known)
    {
        foreach (var draining in service.Draining.Values)
            draining.CloseAt = known.Contains(draining.Key) ? null : draining.CloseAt ?? Deadline();
    }

    private long Deadline() => After(_grace);

    private long After(TimeSpan time) => _time.GetTimestamp() + (long)(time.TotalSeconds * _time.TimestampFrequency);

    private void Free(DrainingRecord draining)
    {
        Forget(draining);
        if (draining.Service is { } service) service.Retired += Counters(draining.Index);
        Volatile.Write(ref _records[draining.Index].Identity, 0);
        _slots.Return(draining.Index, 1);
    }

    private void Add(DrainingRecord draining)
    {
        draining.Place = _draining.Count;
        _draining.Add(draining);
        draining.Service?.Draining.Add(draining.Key, draining);
    }

    // The last of the list takes its place.
    private void Forget(DrainingRecord draining)
    {
        var last = _draining[^1];
        _draining[draining.Place] = last;
        last.Place = draining.Place;
        _draining.RemoveAt(_draining.Count - 1);
        draining.Service?.Draining.Remove(draining.Key);
    }
}
