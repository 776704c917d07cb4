namespace Cluster.Storage.Watching;

/// <summary>The newest revisions in memory, where watchers that keep up read them.</summary>
/// <remarks>
/// One publisher appends whole revisions in order; any number of watchers read with their own cursor. Nobody waits for a watcher: one that
/// falls out of the ring reads the store's history instead. The ring is bounded by entries and by the bytes of their values.
/// </remarks>
internal sealed class RecentHistory
{
    private readonly Lock _gate = new();
    private readonly StoreChanges[] _ring;
    private readonly long _maxBytes;
    private long _first; // ring positions count up for ever; position % length is the slot
    private long _end;
    private long _bytes;
    private long _floor;
    private long _tip;
    private Exception? _closed;
    private TaskCompletionSource _news = NewSignal();

    /// <param name="startRevision">Revisions up to this one are not here.</param>
    /// <param name="capacity">How many revisions at most.</param>
    /// <param name="maxBytes">How many bytes of values at most; the newest revision stays whatever its size.</param>
    public RecentHistory(long startRevision, int capacity, long maxBytes)
    {
        _ring = new StoreChanges[capacity];
        _maxBytes = maxBytes;
        _floor = _tip = startRevision;
    }

    /// <summary>The newest revision published.</summary>
    public long Tip => Volatile.Read(ref _tip);

    /// <summary>Every published revision greater than this one can be read here.</summary>
    public long Floor => Volatile.Read(ref _floor);

    /// <summary>Appends revisions and wakes the watchers once. <paramref name="tip"/> may be past the last one with changes.</summary>
    public void Publish(IReadOnlyList<StoreChanges> revisions, long tip)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            foreach (var revision in revisions)
                AppendLocked(revision);
            Volatile.Write(ref _tip, Math.Max(_tip, tip));
            news = _news;
            _news = NewSignal();
        }

        news.TrySetResult();
    }

    /// <summary>Ends every watch with <paramref name="reason"/>.</summary>
    public void Close(Exception reason)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            _closed ??= reason;
            news = _news;
        }

        news.TrySetResult();
    }

    /// <summary>Forgets everything up to <paramref name="tip"/>: what lies before can't be told completely any more.</summary>
    public void Restart(long tip)
    {
        lock (_gate)
        {
            Array.Clear(_ring);
            _first = _end;
            _bytes = 0;
            Volatile.Write(ref _floor, tip);
            Volatile.Write(ref _tip, tip);
        }

        Publish([], tip);
    }

    /// <summary>Completes when something newer than <paramref name="revision"/> was published or the history was closed.</summary>
    public Task WaitPastAsync(long revision, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_closed is not null || _tip > revision)
                return Task.CompletedTask;
            return _news.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Copies up to <paramref name="max"/> revisions after <paramref name="after"/>.</summary>
    /// <returns>The revision everything up to which has now been read, or null if <paramref name="after"/> lies before the ring.</returns>
    public long? Read(long after, int max, List<StoreChanges> into)
    {
        lock (_gate)
        {
            if (_closed is not null)
                throw new StoreException(_closed.Message, _closed) { NotApplied = true };
            if (after < _floor)
                return null;
            var position = PositionAfterLocked(after);
            var end = Math.Min(_end, position + max);
            for (; position < end; position++)
                into.Add(_ring[position % _ring.Length]);
            return end == _end ? Math.Max(after, _tip) : into[^1].Revision;
        }
    }

    private void AppendLocked(StoreChanges revision)
    {
        _bytes += SizeOf(revision);
        while (_end > _first && (_end - _first == _ring.Length || _bytes > _maxBytes))
            DropOldestLocked();
        _ring[_end++ % _ring.Length] = revision;
    }

    private void DropOldestLocked()
    {
        ref var slot = ref _ring[_first++ % _ring.Length];
        _bytes -= SizeOf(slot);
        Volatile.Write(ref _floor, slot.Revision);
        slot = null!;
    }

    private long PositionAfterLocked(long revision)
    {
        var (low, high) = (_first, _end);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (_ring[middle % _ring.Length].Revision <= revision)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private static long SizeOf(StoreChanges revision)
    {
        long size = 0;
        foreach (var change in revision.Changes)
            size += (change.Entry?.Value.Length ?? 0) + change.Key.Length + 100; // 100: the objects around the bytes
        return size;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
