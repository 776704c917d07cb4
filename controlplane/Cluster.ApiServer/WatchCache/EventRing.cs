namespace Cluster.ApiServer.WatchCache;

/// <summary>The newest changes of one resource, by sequence. One writer, any number of readers without locks.</summary>
/// <remarks>
/// A slot holds an event that knows its own sequence: a reader that finds another one there learns that it was too slow. The writer fills
/// the slot first and then publishes the head. It grows while its oldest event is younger than a minute and a quarter, so that a client
/// that reconnects after a usual outage finds its place even in a busy cluster.
/// </remarks>
internal sealed class EventRing(TimeProvider time, int initialCapacity = 1024, int maxCapacity = 32 * 1024)
{
    private static readonly TimeSpan Retention = TimeSpan.FromSeconds(75);

    private RingEvent?[] _slots = new RingEvent?[initialCapacity];
    private long _head;
    private long _tail;
    private long _floor;

    /// <summary>The sequence the next event will have.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>Every change after this revision is here.</summary>
    public long Floor => Volatile.Read(ref _floor);

    /// <summary>Forgets everything: changes after <paramref name="revision"/> follow. Readers in between are too slow.</summary>
    public void Reset(long revision)
    {
        Volatile.Write(ref _floor, revision);
        var slots = new RingEvent?[_slots.Length];
        Volatile.Write(ref _slots, slots);
        // A sequence nobody waits for: a reader at the old head must see that it missed something.
        Volatile.Write(ref _tail, _head + 1);
        Volatile.Write(ref _head, _head + 1);
    }

    public void Append(long revision, ObjectVersion? current, ObjectVersion? previous)
    {
        var now = time.GetTimestamp();
        if (_head - _tail == _slots.Length)
            MakeRoom(now);

        _slots[_head & (_slots.Length - 1)] = new RingEvent(_head, revision, now, current, previous);
        Volatile.Write(ref _head, _head + 1);
    }

    /// <summary>The event of a sequence below the head; false: it is no longer here.</summary>
    public bool TryRead(long sequence, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RingEvent? change)
    {
        var slots = Volatile.Read(ref _slots);
        change = Volatile.Read(ref slots[sequence & (slots.Length - 1)]);
        return change is not null && change.Sequence == sequence;
    }

    /// <summary>The sequence of the first event after a revision (the head, if there is none); false: it may be no longer here.</summary>
    public bool TryFind(long revision, out long sequence)
    {
        var head = Head;
        long low = Volatile.Read(ref _tail), high = head - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            // Overwritten while we search: older than anything still here.
            if (!TryRead(middle, out var change) || change.Revision <= revision)
                low = middle + 1;
            else
                high = middle - 1;
        }

        sequence = low;
        return revision >= Floor;
    }

    private void MakeRoom(long now)
    {
        var oldest = _slots[_tail & (_slots.Length - 1)]!;
        if (_slots.Length < maxCapacity && time.GetElapsedTime(oldest.Timestamp, now) < Retention)
        {
            Grow();
            return;
        }

        // The floor rises before the slot is overwritten: whoever found its place there is refused or fails to read.
        Volatile.Write(ref _floor, oldest.Revision);
        Volatile.Write(ref _tail, _tail + 1);
    }

    private void Grow()
    {
        var grown = new RingEvent?[_slots.Length * 2];
        for (var sequence = _tail; sequence < _head; sequence++)
            grown[sequence & (grown.Length - 1)] = _slots[sequence & (_slots.Length - 1)];
        Volatile.Write(ref _slots, grown);
    }
}
