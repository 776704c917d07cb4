namespace Cluster.ApiServer.WatchCache;

/// <summary>The newest changes of one resource, by sequence. One writer, any number of readers without locks.</summary>
/// <remarks>
/// A slot holds an event that knows its own sequence: a reader that finds another one there learns that it was too slow. The writer fills
/// the slot first and then publishes the head. It grows while its oldest event is younger than a minute and a quarter, so that a client
/// that reconnects after a usual outage finds its place even in a busy cluster; but it never holds more bytes than its bound, so that a
/// few large objects that change all the time do not take the server's memory.
/// </remarks>
/// <param name="time">Tells how old an event is.</param>
/// <param name="initialCapacity">Events; a power of two.</param>
/// <param name="maxCapacity">Events; a power of two.</param>
/// <param name="maxBytes">Of the events' objects as they are stored; in memory they are some times that. The newest event is always kept.</param>
internal sealed class EventRing(
    TimeProvider time, int initialCapacity = 1024, int maxCapacity = 32 * 1024, long maxBytes = 64 * 1024 * 1024)
{
    private static readonly TimeSpan Retention = TimeSpan.FromSeconds(75);

    private RingEvent?[] _slots = new RingEvent?[initialCapacity];
    private long _head;
    private long _tail;
    private long _floor;
    private long _bytes;

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
        _bytes = 0;
        // A sequence nobody waits for: a reader at the old head must see that it missed something.
        Volatile.Write(ref _tail, _head + 1);
        Volatile.Write(ref _head, _head + 1);
    }

    public void Append(long revision, ObjectVersion? current, ObjectVersion? previous)
    {
        var now = time.GetTimestamp();
        if (_head - _tail == _slots.Length)
            MakeRoom(now);

        var added = new RingEvent(_head, revision, now, current, previous);
        _slots[_head & (_slots.Length - 1)] = added;
        Volatile.Write(ref _head, _head + 1);
        _bytes += added.StoredBytes;
        while (_bytes > maxBytes && _head - _tail > 1)
            Forget();
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

    /// <summary>Lets all events rest; see <see cref="RingEvent.Rest"/>. Any thread.</summary>
    public void Rest()
    {
        for (var sequence = Volatile.Read(ref _tail); sequence < Head; sequence++)
        {
            if (TryRead(sequence, out var change))
                change.Rest();
        }
    }

    private void MakeRoom(long now)
    {
        var oldest = _slots[_tail & (_slots.Length - 1)]!;
        if (_slots.Length < maxCapacity && time.GetElapsedTime(oldest.Timestamp, now) < Retention)
        {
            Grow();
            return;
        }

        Forget();
    }

    private void Forget()
    {
        ref var slot = ref _slots[_tail & (_slots.Length - 1)];
        // The floor rises before the slot is emptied: whoever found its place there is refused or fails to read.
        Volatile.Write(ref _floor, slot!.Revision);
        Volatile.Write(ref _tail, _tail + 1);
        _bytes -= slot.StoredBytes;
        Volatile.Write(ref slot, null);
    }

    private void Grow()
    {
        var grown = new RingEvent?[_slots.Length * 2];
        for (var sequence = _tail; sequence < _head; sequence++)
            grown[sequence & (grown.Length - 1)] = _slots[sequence & (_slots.Length - 1)];
        Volatile.Write(ref _slots, grown);
    }
}
