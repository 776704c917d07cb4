using System.Runtime.CompilerServices;
using Cluster.Api;

namespace Cluster.ApiServer.WatchCache;

/// <summary>A watch as a cursor into the ring: it costs nothing while nothing happens, and a slow reader holds nothing back.</summary>
/// <remarks>
/// A reader is in step (waits at the head), behind (reads on without waiting) or too old (its place was overwritten: 410).
/// </remarks>
internal sealed class CacheWatch : ResourceWatch
{
    // What a reader holds while it waits for its client should not grow with how far it is behind.
    private const int MaxBatch = 512;

    // Of the state a watch begins with: looking at these and encoding them for the first time takes some milliseconds, and then others have the thread.
    private const int InitialStep = 128;
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    // A client that saw nothing else goes on from there, however long others changed things that it does not see.
    private static readonly TimeSpan LastBookmark = TimeSpan.FromSeconds(2);

    private readonly ResourceCache _cache;
    private readonly ResourceType _shown;
    private readonly IObjectConverter? _converter;
    private readonly StoreFeed _feed;
    private readonly ObjectFilter _filter;
    private readonly TimeProvider _time;
    private readonly List<ResourceEvent> _batch = [];
    private readonly long _from;
    private readonly bool _bookmarks;
    private readonly bool _marksInitialEnd;

    // Let go once it is sent: it holds every object as it was when the watch began, and a watch lives for an hour.
    private SortedSnapshot? _initial;
    private long _next;
    private long _bookmarked;

    /// <param name="cache">What is watched.</param>
    /// <param name="feed">What keeps it in step with the store.</param>
    /// <param name="filter">What of it the watcher sees.</param>
    /// <param name="start">Where the watch begins.</param>
    /// <param name="time">The clock of bookmarks.</param>
    /// <param name="converter">Of a kind that a webhook converts: makes the objects those of the version that is watched, before the filter looks at them; else null.</param>
    public CacheWatch(ResourceCache cache, StoreFeed feed, ObjectFilter filter, WatchStart start, TimeProvider time, IObjectConverter? converter = null)
    {
        (_cache, _feed, _filter, _time) = (cache, feed, filter, time);
        (_converter, _shown) = (converter, converter?.Version ?? cache.Type);
        (_next, _from, _initial) = (start.Sequence, start.Revision, start.Initial);
        (_bookmarks, _marksInitialEnd) = (start.Bookmarks, start.MarkInitialEnd);
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<IReadOnlyList<ResourceEvent>> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var resource = _cache.Type.GroupResource;
        CacheMetrics.WatchOpened(resource);
        _cache.WatchOpened();
        try
        {
            await foreach (var batch in ReadBatchesAsync(cancellationToken))
            {
                CacheMetrics.EventsSent(_cache.Type, batch.Count);
                yield return batch;
            }
        }
        finally
        {
            _cache.WatchClosed();
            CacheMetrics.WatchClosed(resource);
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<ResourceEvent>> ReadBatchesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var begun = _time.GetTimestamp();
        string? last = null;
        while (_initial is not null)
        {
            last = _converter is null ? FillInitial(_initial, last) : await FillInitialAsync(_converter, _initial, last, cancellationToken);
            if (last is null)
                _initial = null;
            if (_batch.Count > 0)
                yield return _batch;
            if (_initial is not null)
                await Task.Yield();
        }

        Started?.Invoke();
        var bookmarkAt = BookmarkAfter(_time.GetElapsedTime(begun));
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = _cache.Changed.Next;
            // Before the ring is read: what was there before the end is then sent.
            var isLast = _cache.IsClosed;
            // Before the head: all events up to this revision are then below the head we read after it.
            var revision = _feed.Revision;
            if (_converter is null ? Fill() : await FillAsync(_converter, cancellationToken))
            {
                yield return _batch;
                continue;
            }

            if (isLast)
                yield break;

            if (_bookmarks && _time.GetElapsedTime(begun) is var elapsed && elapsed >= bookmarkAt)
            {
                bookmarkAt = BookmarkAfter(elapsed);
                if (FillBookmark(revision))
                    yield return _batch;
            }

            await WaitAsync(changed, bookmarkAt - _time.GetElapsedTime(begun), cancellationToken);
        }
    }

    // When the next one is due, both times from the beginning: in a minute, or before the end if that is sooner.
    private TimeSpan BookmarkAfter(TimeSpan elapsed)
    {
        var regular = elapsed + BookmarkInterval;
        return Lifetime - LastBookmark is { } last && last > elapsed && last < regular ? last : regular;
    }

    private async Task WaitAsync(Task changed, TimeSpan untilBookmark, CancellationToken cancellationToken)
    {
        var waiting = _bookmarks
            ? changed.WaitAsync(untilBookmark > TimeSpan.Zero ? untilBookmark : TimeSpan.FromMilliseconds(1), _time, cancellationToken)
            : changed.WaitAsync(cancellationToken);
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Returns the key the next batch begins after; null: this is the last one.
    private string? FillInitial(SortedSnapshot objects, string? last)
    {
        _batch.Clear();
        var seen = 0;
        foreach (var version in objects.Range(_filter.KeyPrefix, last))
        {
            if (_filter.MatchesSelectors(version))
                _batch.Add(new ResourceEvent(ResourceEventType.Added, version));
            if (++seen == InitialStep)
                return version.Key;
        }

        MarkInitialEnd();
        return null;
    }

    private async ValueTask<string?> FillInitialAsync(IObjectConverter converter, SortedSnapshot objects, string? last, CancellationToken cancellationToken)
    {
        _batch.Clear();
        var part = objects.Range(_filter.KeyPrefix, last).Take(MaxBatch).ToList();
        foreach (var version in await converter.ConvertAsync(part, cancellationToken))
        {
            if (_filter.MatchesSelectors(version))
                _batch.Add(new ResourceEvent(ResourceEventType.Added, version));
        }

        if (part.Count == MaxBatch)
            return part[^1].Key;
        MarkInitialEnd();
        return null;
    }

    private void MarkInitialEnd()
    {
        if (_marksInitialEnd)
            _batch.Add(new ResourceEvent(ResourceEventType.Bookmark, Bookmark(_from, initialEnd: true)));
    }

    // True: the batch holds something to send. False: nothing new for this reader (it may have skipped events that do not match).
    private bool Fill()
    {
        _batch.Clear();
        var head = _cache.Ring.Head;
        while (_next < head && _batch.Count < MaxBatch)
        {
            var change = ReadNext();
            if (change.Revision > _from && See(change) is { } seen)
                _batch.Add(seen);
        }

        return _batch.Count > 0;
    }

    // As the other; the objects of a batch are converted together. An object of another namespace concerns nobody here.
    private async ValueTask<bool> FillAsync(IObjectConverter converter, CancellationToken cancellationToken)
    {
        _batch.Clear();
        var changes = new List<RingEvent>();
        for (var head = _cache.Ring.Head; _next < head && changes.Count < MaxBatch;)
        {
            var change = ReadNext();
            if (change.Revision > _from && (change.Current ?? change.Previous)!.Key.StartsWith(_filter.KeyPrefix, StringComparison.Ordinal))
                changes.Add(change);
        }

        if (changes.Count == 0)
            return false;
        var before = changes.SelectMany(change => new[] { change.Current, change.Previous }).OfType<ObjectVersion>().Distinct().ToList();
        var after = await converter.ConvertAsync(before, cancellationToken);
        var shown = before.Zip(after).ToDictionary(pair => pair.First, pair => pair.Second);
        foreach (var change in changes)
        {
            var converted = new RingEvent(change.Sequence, change.Revision, change.Timestamp, Of(change.Current), Of(change.Previous));
            if (See(converted) is { } seen)
                _batch.Add(seen);
        }

        return _batch.Count > 0;

        ObjectVersion? Of(ObjectVersion? version) => version is null ? null : shown[version];
    }

    private RingEvent ReadNext()
    {
        if (!_cache.Ring.TryRead(_next, out var change))
        {
            CacheMetrics.WatchTerminated(_cache.Type.GroupResource);
            throw StatusErrors.Expired($"too old resource version: the watch fell behind the changes since {_cache.Ring.Floor}");
        }

        _next++;
        return change;
    }

    // What the change is through the selectors: an object that starts to match is added, one that stops is deleted.
    private ResourceEvent? See(RingEvent change)
    {
        var isIn = change.Current is not null && _filter.Matches(change.Current);
        var wasIn = change.Previous is not null && _filter.Matches(change.Previous);
        return (wasIn, isIn) switch
        {
            (false, true) => new ResourceEvent(ResourceEventType.Added, change.Current!),
            (true, true) => new ResourceEvent(ResourceEventType.Modified, change.Current!),
            (true, false) => new ResourceEvent(ResourceEventType.Deleted, change.Left),
            _ => null,
        };
    }

    private bool FillBookmark(long revision)
    {
        if (revision <= Math.Max(_bookmarked, _from))
            return false;

        _bookmarked = revision;
        _batch.Clear();
        _batch.Add(new ResourceEvent(ResourceEventType.Bookmark, Bookmark(revision, initialEnd: false)));
        return true;
    }

    private EncodedMessage Bookmark(long revision, bool initialEnd)
    {
        var obj = _shown.NewObject();
        obj.Metadata = new Api.MetaV1.ObjectMeta { ResourceVersion = ResourceVersions.Format(revision) };
        if (initialEnd)
            obj.Metadata.Annotations["k8s.io/initial-events-end"] = "true";
        return new EncodedMessage(obj, _shown.ApiVersion, _shown.Kind);
    }
}
