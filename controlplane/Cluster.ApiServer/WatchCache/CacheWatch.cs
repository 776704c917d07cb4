using System.Runtime.CompilerServices;
using Cluster.Api;

namespace Cluster.ApiServer.WatchCache;

/// <summary>A watch as a cursor into the ring: it costs nothing while nothing happens, and a slow reader holds nothing back.</summary>
/// <remarks>
/// A reader is in step (waits at the head), behind (reads on without waiting) or too old (its place was overwritten: 410).
/// </remarks>
internal sealed class CacheWatch(ResourceCache cache, StoreFeed feed, ObjectFilter filter, WatchStart start, TimeProvider time)
    : ResourceWatch
{
    // One write to the client at a time should not grow without bound when a reader is far behind.
    private const int MaxBatch = 512;
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    private readonly List<ResourceEvent> _batch = [];
    private long _next = start.Sequence;
    private long _bookmarked;

    /// <inheritdoc/>
    public override async IAsyncEnumerable<IReadOnlyList<ResourceEvent>> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var resource = cache.Type.GroupResource;
        CacheMetrics.WatchOpened(resource);
        try
        {
            await foreach (var batch in ReadBatchesAsync(cancellationToken))
            {
                CacheMetrics.EventsSent(cache.Type, batch.Count);
                yield return batch;
            }
        }
        finally
        {
            CacheMetrics.WatchClosed(resource);
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<ResourceEvent>> ReadBatchesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (start.Initial is { } initial)
        {
            FillInitial(initial);
            if (_batch.Count > 0)
                yield return _batch;
        }

        var bookmarkAt = time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = cache.Changed.Next;
            // Before the ring is read: what was there before the end is then sent.
            var isLast = cache.IsClosed;
            // Before the head: all events up to this revision are then below the head we read after it.
            var revision = feed.Revision;
            if (Fill())
            {
                yield return _batch;
                continue;
            }

            if (isLast)
                yield break;

            if (start.Bookmarks && time.GetElapsedTime(bookmarkAt) >= BookmarkInterval)
            {
                bookmarkAt = time.GetTimestamp();
                if (FillBookmark(revision))
                    yield return _batch;
            }

            await WaitAsync(changed, BookmarkInterval - time.GetElapsedTime(bookmarkAt), cancellationToken);
        }
    }

    private async Task WaitAsync(Task changed, TimeSpan untilBookmark, CancellationToken cancellationToken)
    {
        var waiting = start.Bookmarks
            ? changed.WaitAsync(untilBookmark > TimeSpan.Zero ? untilBookmark : TimeSpan.FromMilliseconds(1), time, cancellationToken)
            : changed.WaitAsync(cancellationToken);
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void FillInitial(SortedSnapshot objects)
    {
        _batch.Clear();
        foreach (var version in objects.Range(filter.KeyPrefix))
        {
            if (filter.MatchesSelectors(version.Object))
                _batch.Add(new ResourceEvent(ResourceEventType.Added, version));
        }

        if (start.MarkInitialEnd)
            _batch.Add(new ResourceEvent(ResourceEventType.Bookmark, Bookmark(start.Revision, initialEnd: true)));
    }

    // True: the batch holds something to send. False: nothing new for this reader (it may have skipped events that do not match).
    private bool Fill()
    {
        _batch.Clear();
        var head = cache.Ring.Head;
        while (_next < head && _batch.Count < MaxBatch)
        {
            if (!cache.Ring.TryRead(_next, out var change))
                throw StatusErrors.Expired($"too old resource version: the watch fell behind the changes since {cache.Ring.Floor}");

            _next++;
            if (change.Revision > start.Revision && See(change) is { } seen)
                _batch.Add(seen);
        }

        return _batch.Count > 0;
    }

    // What the change is through the selectors: an object that starts to match is added, one that stops is deleted.
    private ResourceEvent? See(RingEvent change)
    {
        var isIn = change.Current is not null && filter.Matches(change.Current);
        var wasIn = change.Previous is not null && filter.Matches(change.Previous);
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
        if (revision <= Math.Max(_bookmarked, start.Revision))
            return false;

        _bookmarked = revision;
        _batch.Clear();
        _batch.Add(new ResourceEvent(ResourceEventType.Bookmark, Bookmark(revision, initialEnd: false)));
        return true;
    }

    private EncodedMessage Bookmark(long revision, bool initialEnd)
    {
        var obj = cache.Type.NewObject();
        obj.Metadata = new Api.MetaV1.ObjectMeta { ResourceVersion = ResourceVersions.Format(revision) };
        if (initialEnd)
            obj.Metadata.Annotations["k8s.io/initial-events-end"] = "true";
        return new EncodedMessage(obj, cache.Type.ApiVersion, cache.Type.Kind);
    }
}
