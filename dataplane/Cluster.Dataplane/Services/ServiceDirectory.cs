using System.Net;
using Cluster.Dataplane.Balancing;

namespace Cluster.Dataplane.Services;

/// <summary>Builds service tables incrementally and publishes them.</summary>
/// <remarks>
/// One writer at a time calls <see cref="Set"/>, <see cref="Remove"/> and <see cref="Publish"/>; any number of readers take
/// <see cref="Current"/>. A publication is one reference write: readers see all of a batch or none of it.
/// </remarks>
public sealed class ServiceDirectory
{
    private readonly Dictionary<ServicePortId, int> _slots = [];
    private readonly Dictionary<int, ServiceEntry?> _before = [];
    private readonly List<int> _freed = [];
    private readonly HashSet<int> _ownChunks = [];
    private readonly Stack<int> _free = new();
    private readonly BalancingPolicies _policies;
    private ServiceEntry?[][] _chunks = [];
    private bool _ownChunkList;
    private int _slotCount;
    private ServiceTable _current = ServiceTable.Empty;
    private int _availability;
    private readonly GoneBackends _gone;

    public ServiceDirectory(BalancingPolicies? policies = null, PenaltyBoxOptions? box = null, TimeProvider? time = null)
    {
        _policies = policies ?? BalancingPolicies.BuiltIn(TimeProvider.System);
        Sources = new SourceKeeping(Origins);
        _gone = new GoneBackends(time ?? TimeProvider.System);
        Box = new PenaltyBox(this, box ?? new PenaltyBoxOptions(), time ?? TimeProvider.System);
    }

    /// <summary>The backends that do not take connections.</summary>
    public PenaltyBox Box { get; }

    /// <summary>
    /// Told with the entry in force when one of its backends has become available or ceased to be: <see cref="ServiceEntry.Usable"/> and its
    /// kin have changed. On the thread that noticed, a relay's loop most often: take note and return.
    /// </summary>
    public event Action<ServiceEntry>? AvailabilityChanged;

    /// <summary>Which clients are of this cluster.</summary>
    public ClientOrigins Origins { get; } = new();

    /// <summary>Which connections keep their client's address.</summary>
    public SourceKeeping Sources { get; }

    /// <summary>The table in force. One volatile read.</summary>
    public ServiceTable Current => Volatile.Read(ref _current);

    /// <summary>Adds or replaces a service port; nothing happens where nothing changes.</summary>
    public void Set(ServicePort port, ReadOnlySpan<Backend> backends)
    {
        var before = Find(port.Id);
        if (before is not null && before.Port.Equivalent(port) && before.HasBackends(backends)) return;

        var slot = before?.Slot ?? TakeSlot(port.Id);
        var state = before is not null && before.Port.RemembersLike(port) ? before.State : new ServiceState(before?.State.TrafficOrNull);
        var continued = backends.ToArray();
        if (before is not null) Continue(continued, before.Backends);
        Write(slot, new ServiceEntry(slot, port, continued, state, _policies.For(port), Origins, Volatile.Read(ref _availability)));
    }

    /// <summary>Removes a service port; false where there was none.</summary>
    public bool Remove(ServicePortId id)
    {
        if (!_slots.Remove(id, out var slot)) return false;
        Write(slot, null);
        _freed.Add(slot);
        return true;
    }

    /// <summary>The entry as last set, published or not. For the writer.</summary>
    public ServiceEntry? Find(ServicePortId id) =>
        _slots.TryGetValue(id, out var slot) ? _chunks[slot >> ServiceTable.ChunkBits][slot & (ServiceTable.ChunkSize - 1)] : null;

    /// <summary>Puts all changes since the last call into force at once and tells what they were.</summary>
    public IReadOnlyList<ServiceTableChange> Publish()
    {
        if (_before.Count == 0) return [];
        var table = new ServiceTable(_chunks, _slots.Count);
        var changes = new List<ServiceTableChange>(_before.Count);
        foreach (var (slot, before) in _before)
            if (before is not null || table[slot] is not null) changes.Add(new ServiceTableChange(before, table[slot]));

        Interlocked.Exchange(ref _current, table);
        RefreshStale(changes);
        _gone.Note(changes);
        Seal();
        return changes;
    }

    /// <summary>Backends that have left the table and still have connections through relays. Any thread.</summary>
    public IReadOnlyList<(ServicePortId Id, Backend Backend)> Gone() => _gone.Draining();

    /// <summary>The entry of the same service port in the table in force; null where it is gone.</summary>
    public ServiceEntry? InForce(ServiceEntry entry) => Current[entry.Slot] is { } current && current.Port.Id == entry.Port.Id ? current : null;

    /// <summary>Has the service port's candidates worked out anew. Any thread.</summary>
    internal void RefreshAvailability(ServiceEntry entry)
    {
        // Before the look at the table, as the writer looks at this after it has published: one of the two sees the other.
        Interlocked.Increment(ref _availability);
        if (InForce(entry) is not { } current) return;
        current.RefreshAvailability();
        AvailabilityChanged?.Invoke(current);
    }

    // What became of backends since these entries were made may have been noted in the ones they replace.
    private void RefreshStale(List<ServiceTableChange> changes)
    {
        var now = Volatile.Read(ref _availability);
        foreach (var change in changes)
            if (change.After is { } entry && entry.MadeAt != now) entry.RefreshAvailability();
    }

    // From here on the published arrays belong to readers: the next write copies what it touches.
    private void Seal()
    {
        _before.Clear();
        _ownChunks.Clear();
        _ownChunkList = false;
        // A slot is used again only after its removal was published, so that a change never shows one service turning into another.
        foreach (var slot in _freed) _free.Push(slot);
        _freed.Clear();
    }

    private int TakeSlot(ServicePortId id)
    {
        var slot = _free.Count > 0 ? _free.Pop() : _slotCount++;
        _slots.Add(id, slot);
        return slot;
    }

    // What is known of a backend lives on while it stays; one that comes anew to the same address begins anew.
    private static void Continue(Backend[] backends, ReadOnlySpan<Backend> before)
    {
        // Most stand where they stood; the rest are looked for.
        Dictionary<(string, IPEndPoint), Backend>? known = null;
        for (var i = 0; i < backends.Length; i++)
        {
            var backend = backends[i];
            if (i < before.Length && before[i].IsSameAs(backend))
            {
                if (!ReferenceEquals(before[i], backend)) backend.Continue(before[i]);
                continue;
            }

            known ??= ByIdentity(before);
            if (known.TryGetValue((backend.Uid, backend.Address), out var predecessor) && !ReferenceEquals(predecessor, backend)) backend.Continue(predecessor);
        }
    }

    private static Dictionary<(string, IPEndPoint), Backend> ByIdentity(ReadOnlySpan<Backend> backends)
    {
        var result = new Dictionary<(string, IPEndPoint), Backend>(backends.Length);
        foreach (var backend in backends) result[(backend.Uid, backend.Address)] = backend;
        return result;
    }

    private void Write(int slot, ServiceEntry? entry)
    {
        var chunk = OwnChunk(slot >> ServiceTable.ChunkBits);
        ref var place = ref chunk[slot & (ServiceTable.ChunkSize - 1)];
        _before.TryAdd(slot, place);
        place = entry;
    }

    private ServiceEntry?[] OwnChunk(int index)
    {
        if (!_ownChunkList || index >= _chunks.Length)
        {
            Array.Resize(ref _chunks, Math.Max(_chunks.Length, index + 1));
            if (!_ownChunkList) _chunks = (ServiceEntry?[][])_chunks.Clone();
            _ownChunkList = true;
        }

        if (_ownChunks.Add(index))
            _chunks[index] = _chunks[index] is { } shared ? (ServiceEntry?[])shared.Clone() : new ServiceEntry?[ServiceTable.ChunkSize];
        return _chunks[index];
    }
}
