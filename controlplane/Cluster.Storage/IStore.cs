namespace Cluster.Storage;

/// <summary>The state of the cluster: ordered keys with etcd's semantics and no more.</summary>
/// <remarks>
/// One revision counts every transaction. Writers are told of success only when the write would survive a kill -9. All members
/// are safe for concurrent use. A failure of the store itself is a <see cref="StoreException"/>; a comparison that does not hold is a
/// result, not an exception.
/// </remarks>
public interface IStore : IAsyncDisposable
{
    /// <summary>The revision of the newest acknowledged write of any client of this store (linearizable).</summary>
    ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken);

    /// <summary>The entry of a key now, or null.</summary>
    ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken);

    /// <summary>
    /// The entries whose keys start with <paramref name="prefix"/>, in ordinal key order, at one revision.
    /// </summary>
    /// <param name="prefix">For example <c>/registry/pods/default/</c>.</param>
    /// <param name="afterKey">Only keys greater than this one (the last key of the page before), or null.</param>
    /// <param name="limit">At most so many entries; 0: all.</param>
    /// <param name="revision">Read as of this revision; 0: now.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="CompactedException"><paramref name="revision"/> is older than the history kept.</exception>
    ValueTask<StoreRange> RangeAsync(string prefix, string? afterKey, int limit, long revision, CancellationToken cancellationToken);

    /// <summary>Applies the operations if every comparison holds, all at one new revision.</summary>
    ValueTask<TxnResult> TxnAsync(StoreTxn txn, CancellationToken cancellationToken);

    /// <summary>
    /// What happens to keys of a prefix after <paramref name="afterRevision"/>. Each element is one revision, whole; revisions only grow.
    /// </summary>
    /// <exception cref="CompactedException">The history since <paramref name="afterRevision"/> is no longer kept (thrown while enumerating).</exception>
    IAsyncEnumerable<StoreChanges> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken);

    /// <summary>Forgets the history before <paramref name="revision"/>; the newest entry of each key stays.</summary>
    ValueTask CompactAsync(long revision, CancellationToken cancellationToken);
}

/// <summary>A key with its value.</summary>
/// <param name="Key">UTF-8 text, compared by bytes.</param>
/// <param name="Value">Never changed by anyone after it was handed over.</param>
/// <param name="ModRevision">The revision of the last write.</param>
/// <param name="CreateRevision">The revision of the write that created the key.</param>
public sealed record StoreEntry(string Key, ReadOnlyMemory<byte> Value, long ModRevision, long CreateRevision);

/// <summary>A page of a range.</summary>
/// <param name="Entries">In key order.</param>
/// <param name="Revision">The revision the whole range was read at.</param>
/// <param name="More">There are keys after the last one.</param>
/// <param name="RemainingCount">How many keys come after the last one.</param>
public sealed record StoreRange(IReadOnlyList<StoreEntry> Entries, long Revision, bool More, long RemainingCount);

/// <summary>Holds if the key's last write was at <paramref name="ModRevision"/>; 0: the key does not exist.</summary>
public readonly record struct StoreCompare(string Key, long ModRevision);

/// <summary>A put or, where <see cref="Value"/> is null, a delete.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; null deletes.</param>
/// <param name="TimeToLive">After this time the store deletes the key by itself; null: never.</param>
public readonly record struct StoreOp(string Key, ReadOnlyMemory<byte>? Value, TimeSpan? TimeToLive = null);

/// <summary>A conditional write of at most <see cref="MaxOperations"/> operations, each key at most once.</summary>
public sealed record StoreTxn(IReadOnlyList<StoreCompare> Compares, IReadOnlyList<StoreOp> Operations)
{
    /// <summary>etcd's default limit of operations a transaction.</summary>
    public const int MaxOperations = 128;
}

/// <summary>What became of a transaction.</summary>
/// <param name="Succeeded">Every comparison held and the operations stand.</param>
/// <param name="Revision">The revision of the write; of the store, if it did not succeed.</param>
/// <param name="Current">If it did not succeed: the compared keys as they are (null: absent), in the order of the comparisons.</param>
public sealed record TxnResult(bool Succeeded, long Revision, IReadOnlyList<StoreEntry?> Current);

/// <summary>All that one revision changed under the watched prefix.</summary>
public sealed record StoreChanges(long Revision, IReadOnlyList<StoreChange> Changes);

/// <summary>One key's change.</summary>
/// <param name="Key">The key.</param>
/// <param name="Entry">The new entry; null: deleted.</param>
/// <param name="Previous">The entry before, where there was one and the store still has it.</param>
public sealed record StoreChange(string Key, StoreEntry? Entry, StoreEntry? Previous);

/// <summary>The store could not do its work: disk full, unreachable, timed out. Nothing was acknowledged.</summary>
public class StoreException : Exception
{
    public StoreException(string message)
        : base(message)
    {
    }

    public StoreException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>The write was not applied; false: its outcome is unknown (a lost reply).</summary>
    public bool NotApplied { get; init; }
}

/// <summary>The revision asked for is older than the history kept: list again.</summary>
public sealed class CompactedException(long requested, long oldest)
    : StoreException($"revision {requested} has been compacted; the oldest kept is {oldest}")
{
    public long Requested { get; } = requested;

    public long Oldest { get; } = oldest;
}
