using System.Runtime.InteropServices;
using System.Text;

namespace Cluster.Storage.Embedded;

/// <summary>What the writes of one SQLite transaction do, and the revisions they make. Lives on the writer's thread.</summary>
internal sealed class GroupCommit(WriteConnection connection, long revision, long compacted, TimeProvider time)
{
    /// <summary>The newest revision, those of this group included.</summary>
    public long Revision { get; private set; } = revision;

    /// <summary>The oldest revision that can be read.</summary>
    public long Compacted { get; private set; } = compacted;

    /// <summary>To be published once the group is on the disk.</summary>
    public List<StoreChanges> Changes { get; } = [];

    // Rows read by the transaction under way: what is compared is mostly what is written.
    private readonly Dictionary<string, StoredRow?> _rows = [];

    public TxnResult Apply(StoreTxn txn)
    {
        _rows.Clear();
        var current = new StoreEntry?[txn.Compares.Count];
        var holds = true;
        for (var i = 0; i < current.Length; i++)
        {
            var compare = txn.Compares[i];
            current[i] = EntryOf(compare.Key, _rows[compare.Key] = connection.Newest(Encoding.UTF8.GetBytes(compare.Key)));
            holds &= (current[i]?.ModRevision ?? 0) == compare.ModRevision;
        }

        if (!holds)
            return new TxnResult(false, Revision, current);
        Write(txn.Operations);
        return new TxnResult(true, Revision, []);
    }

    /// <summary>Deletes up to one transaction of expired keys.</summary>
    /// <returns>There may be more.</returns>
    public bool Expire()
    {
        var keys = connection.Expired(time.GetUtcNow().ToUnixTimeMilliseconds(), StoreTxn.MaxOperations);
        _rows.Clear();
        Write([.. keys.Select(key => new StoreOp(Encoding.UTF8.GetString(key), null))]);
        return keys.Count == StoreTxn.MaxOperations;
    }

    /// <summary>Removes the history of up to <paramref name="maxRevisions"/> revisions on the way to <paramref name="target"/>.</summary>
    /// <returns>The target is reached.</returns>
    public bool Compact(long target, long maxRevisions)
    {
        var goal = Math.Min(target, Revision);
        if (goal <= Compacted)
            return true;
        var to = Math.Min(goal, Compacted + maxRevisions);
        connection.RemoveHistory(Compacted, to, Revision);
        Compacted = to;
        return to == goal;
    }

    // A transaction that changes nothing (it deletes what is not there) makes no revision, as in etcd.
    private void Write(IReadOnlyList<StoreOp> operations)
    {
        var next = Revision + 1;
        var changes = new List<StoreChange>(operations.Count);
        foreach (var operation in operations)
        {
            if (Write(operation, RowId.Of(next, changes.Count), next) is { } change)
                changes.Add(change);
        }

        if (changes.Count == 0)
            return;
        Revision = next;
        Changes.Add(new StoreChanges(next, changes));
    }

    private StoreChange? Write(StoreOp operation, long id, long revision)
    {
        var key = Encoding.UTF8.GetBytes(operation.Key);
        var row = _rows.TryGetValue(operation.Key, out var read) ? read : connection.Newest(key);
        StoredRow? replaced = row is { Deleted: false } ? row : null;
        if (operation.Value is null && replaced is null)
            return null;
        var created = replaced?.Created ?? revision;
        connection.Insert(id, key, operation.Value is { } bytes ? AsArray(bytes) : null, replaced, created, ExpiryOf(operation));
        var entry = operation.Value is { } value ? new StoreEntry(operation.Key, value, revision, created) : null;
        return new StoreChange(operation.Key, entry, EntryOf(operation.Key, replaced));
    }

    private long? ExpiryOf(StoreOp operation) =>
        operation is { Value: not null, TimeToLive: { } life } ? (time.GetUtcNow() + life).ToUnixTimeMilliseconds() : null;

    private static StoreEntry? EntryOf(string key, StoredRow? row) =>
        row is { Deleted: false } live ? new StoreEntry(key, live.Value, RowId.RevisionOf(live.Id), live.Created) : null;

    private static byte[] AsArray(ReadOnlyMemory<byte> value) =>
        MemoryMarshal.TryGetArray(value, out var part) && part.Offset == 0 && part.Count == part.Array!.Length ? part.Array : value.ToArray();
}
