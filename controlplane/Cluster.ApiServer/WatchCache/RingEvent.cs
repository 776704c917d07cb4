using Cluster.Api;

namespace Cluster.ApiServer.WatchCache;

/// <summary>One change of one object, shared by all watchers. Immutable.</summary>
internal sealed class RingEvent(long sequence, long revision, long timestamp, ObjectVersion? current, ObjectVersion? previous)
{
    private ObjectVersion? _left;

    /// <summary>Its place in the ring, counted from the start of the cache.</summary>
    public long Sequence { get; } = sequence;

    /// <summary>The store revision of the change.</summary>
    public long Revision { get; } = revision;

    /// <summary>When it was appended, in the time provider's ticks.</summary>
    public long Timestamp { get; } = timestamp;

    /// <summary>The new state; null: deleted.</summary>
    public ObjectVersion? Current { get; } = current;

    /// <summary>The state before; null: created.</summary>
    public ObjectVersion? Previous { get; } = previous;

    /// <summary>What it holds, as stored: an object that changes is counted by the event that made it.</summary>
    public int StoredBytes => (Current ?? Previous)?.StoredBytes ?? 0;

    /// <summary>The state before with the version of this change: what a DELETED event carries. Made once, at the first use.</summary>
    public ObjectVersion Left => Volatile.Read(ref _left) ?? (_left = MakeLeft());

    /// <summary>As <see cref="ObjectVersion.Rest"/>: what the ring holds longer than the cache does, its watchers have seen.</summary>
    public void Rest()
    {
        // The state after is the cache's, or the state before of a later change: each version rests once.
        Previous?.Rest();
        Volatile.Write(ref _left, null);
    }

    private ObjectVersion MakeLeft()
    {
        var previous = Previous ?? throw new InvalidOperationException("a created object leaves nothing");
        var obj = previous.Object.Copy();
        obj.Metadata.ResourceVersion = ResourceVersions.Format(Revision);
        return new ObjectVersion(previous.Type, previous.Key, obj, Revision) { WrittenIn = previous.WrittenIn };
    }
}
