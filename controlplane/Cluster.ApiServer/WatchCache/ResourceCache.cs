using Cluster.Api;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.WatchCache;

/// <summary>All objects of one resource and their newest changes, in step with the store.</summary>
/// <remarks>One writer, the store feed. Readers take one volatile read and never lock.</remarks>
internal sealed class ResourceCache
{
    // So many of the newest changes keep their objects made while somebody watches: a watch in step asks for them within milliseconds.
    private const int KeptObjects = 16;

    private readonly ILogger _logger;
    private readonly Queue<ObjectVersion> _kept = new(2 * KeptObjects);
    private int _watches;
    private bool _closed;
    private CacheState _state = new(SortedSnapshot.Empty, 0, 0);

    public ResourceCache(ResourceType type, EventRing ring, ILogger logger)
    {
        Type = type;
        Ring = ring;
        _logger = logger;
    }

    /// <summary>Told of every change before readers can see it: (previous, current), as in the ring. For indexes.</summary>
    public Action<ObjectVersion?, ObjectVersion?>? Changing { get; init; }

    public ResourceType Type { get; }

    public EventRing Ring { get; }

    /// <summary>Pulses after each published change.</summary>
    public AsyncPulse Changed { get; } = new();

    /// <summary>A watch that is read: it will ask for the objects of what changes from now on. Any thread.</summary>
    public void WatchOpened() => Interlocked.Increment(ref _watches);

    /// <summary>It is read no more.</summary>
    public void WatchClosed() => Interlocked.Decrement(ref _watches);

    /// <summary>The resource is no longer offered, or is another one now: watches end.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    public CacheState State => Volatile.Read(ref _state);

    /// <summary>Starts anew from the store's entries at a revision. Watchers in between learn that they are too old.</summary>
    public void Load(IEnumerable<StoreEntry> entries, long revision)
    {
        List<ObjectVersion> versions = [];
        foreach (var entry in entries)
        {
            if (TryDecode(entry) is not { } version)
                continue;
            // One after the other: thousands of whole objects at once are what a start would hold on to longest.
            Changing?.Invoke(_state.Objects.Find(version.Key), version);
            version.Forget();
            versions.Add(version);
        }

        var objects = SortedSnapshot.FromSorted(versions);
        TellGone(_state.Objects, objects);
        Ring.Reset(revision);
        CacheMetrics.Loaded(Type.GroupResource);
        Publish(new CacheState(objects, revision, Ring.Head));
    }

    /// <summary>Lets all objects rest; see <see cref="ObjectVersion.Rest"/>. Any thread.</summary>
    public void Rest()
    {
        foreach (var version in State.Objects.Range(""))
            version.Rest();
        Ring.Rest();
    }

    /// <summary>Nothing changes any more.</summary>
    public void Close()
    {
        Volatile.Write(ref _closed, true);
        Changed.Pulse();
    }

    /// <summary>Takes over what one revision changed.</summary>
    public void Apply(long revision, ReadOnlySpan<StoreChange> changes)
    {
        var objects = _state.Objects;
        foreach (var change in changes)
            objects = Apply(objects, revision, change);

        Publish(new CacheState(objects, revision, Ring.Head));
        CacheMetrics.EventsReceived(Type.GroupResource, changes.Length);
    }

    private SortedSnapshot Apply(SortedSnapshot objects, long revision, StoreChange change)
    {
        var previous = objects.Find(change.Key);
        var current = change.Entry is null ? null : TryDecode(change.Entry);
        if (previous is null && current is null)
            return objects;

        Changing?.Invoke(previous, current);
        Ring.Append(revision, current, previous);
        Keep(previous);
        Keep(current);
        return current is null ? objects.Without(change.Key) : objects.With(current);
    }

    // An object that outlives the next collections is marked and moved by each: where nobody is about to ask for it, its bytes alone are kept.
    private void Keep(ObjectVersion? version)
    {
        if (version is not null && Volatile.Read(ref _watches) > 0)
            _kept.Enqueue(version);
        else
            version?.Forget();
        while (_kept.Count > (Volatile.Read(ref _watches) > 0 ? 2 * KeptObjects : 0))
            _kept.Dequeue().Forget();
    }

    // After what is there: an index must at no moment lack an object that is there before and after.
    private void TellGone(SortedSnapshot before, SortedSnapshot after)
    {
        if (Changing is null)
            return;

        foreach (var version in before.Range("").Where(version => after.Find(version.Key) is null))
            Changing(version, null);
    }

    private void Publish(CacheState state)
    {
        Volatile.Write(ref _state, state);
        Changed.Pulse();
    }

    // A value nobody can read must not stop the whole cluster: it is left out, as if it were not there, and named in the log.
    private ObjectVersion? TryDecode(StoreEntry entry)
    {
        try
        {
            return StoredForm.Decode(Type, entry);
        }
        catch (Exception exception)
        {
            _logger.LogError(exception, "The value of {Key} at revision {Revision} cannot be read", entry.Key, entry.ModRevision);
            return null;
        }
    }
}
