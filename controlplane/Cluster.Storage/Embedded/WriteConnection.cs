using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Cluster.Storage.Embedded;

/// <summary>The newest row of a key as the writer needs it.</summary>
internal readonly record struct StoredRow(long Id, byte[] Value, long Created, bool Deleted, bool Expires);

/// <summary>The statements of the one writer. Used by the writer's thread alone.</summary>
internal sealed class WriteConnection : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;
    private readonly SqliteCommand _rollback;
    private readonly Statement _newest;
    private readonly Statement _insert;
    private readonly SqliteCommand _clearExpiry;
    private readonly SqliteCommand _expired;
    private readonly SqliteCommand _deleteReplaced;
    private readonly SqliteCommand _deleteTombstones;
    private readonly SqliteCommand _setCompacted;

    public WriteConnection(SqliteConnection connection)
    {
        _connection = connection;
        _begin = connection.Prepare("BEGIN IMMEDIATE");
        _commit = connection.Prepare("COMMIT");
        _rollback = connection.Prepare("ROLLBACK");
        _newest = new Statement(
            connection, "SELECT id, value, created, deleted, expires IS NOT NULL FROM entries WHERE key = ?1 ORDER BY id DESC LIMIT 1");
        _insert = new Statement(
            connection, "INSERT INTO entries (id, key, value, previous, created, deleted, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        _clearExpiry = connection.Prepare("UPDATE entries SET expires = NULL WHERE id = $id", ("$id", SqliteType.Integer));
        _expired = connection.Prepare(
            "SELECT key FROM entries WHERE expires <= $now ORDER BY expires LIMIT $limit",
            ("$now", SqliteType.Integer), ("$limit", SqliteType.Integer));
        _deleteReplaced = connection.Prepare(
            "DELETE FROM entries WHERE id IN (SELECT previous FROM entries WHERE id >= $from AND id < $to AND previous > 0)",
            ("$from", SqliteType.Integer), ("$to", SqliteType.Integer));
        _deleteTombstones = connection.Prepare(
            "DELETE FROM entries WHERE id >= $from AND id < $to AND deleted = 1", ("$from", SqliteType.Integer), ("$to", SqliteType.Integer));
        _setCompacted = connection.Prepare("UPDATE compaction SET revision = $revision", ("$revision", SqliteType.Integer));
        Revision = ReadRevision();
        Compacted = connection.Prepare("SELECT revision FROM compaction").Long();
    }

    /// <summary>The newest revision in the file when the connection was opened.</summary>
    public long Revision { get; }

    /// <summary>The compacted revision in the file when the connection was opened.</summary>
    public long Compacted { get; }

    public void Begin() => _begin.ExecuteNonQuery();

    public void Commit() => _commit.ExecuteNonQuery();

    /// <summary>Ends a failed transaction; SQLite may have done it already.</summary>
    public void Rollback()
    {
        if (raw.sqlite3_get_autocommit(_connection.Handle) == 0)
            _rollback.ExecuteNonQuery();
    }

    public StoredRow? Newest(byte[] key)
    {
        try
        {
            _newest.Bind(1, key);
            return _newest.Step()
                ? new StoredRow(_newest.Long(0), _newest.Blob(1), _newest.Long(2), _newest.Long(3) != 0, _newest.Long(4) != 0)
                : null;
        }
        finally
        {
            _newest.Reset();
        }
    }

    public void Insert(long id, byte[] key, byte[]? value, StoredRow? replaced, long created, long? expires)
    {
        if (replaced is { Expires: true } old)
            _clearExpiry.With(old.Id).ExecuteNonQuery();
        try
        {
            _insert.Bind(1, id);
            _insert.Bind(2, key);
            _insert.Bind(3, value);
            _insert.Bind(4, replaced?.Id ?? 0);
            _insert.Bind(5, created);
            _insert.Bind(6, value is null ? 1 : 0);
            _insert.Bind(7, expires);
            _insert.Step();
        }
        finally
        {
            _insert.Reset();
        }
    }

    /// <summary>Keys whose time is over, the oldest first.</summary>
    public List<byte[]> Expired(long nowMs, int limit)
    {
        var keys = new List<byte[]>();
        using var reader = _expired.With(nowMs, (long)limit).ExecuteReader();
        while (reader.Read())
            keys.Add(reader.GetFieldValue<byte[]>(0));
        return keys;
    }

    /// <summary>Removes what revisions from <paramref name="from"/> to <paramref name="to"/> (both included) replaced or deleted.</summary>
    /// <param name="from">The first revision.</param>
    /// <param name="to">The last revision, which becomes the oldest that can be read.</param>
    /// <param name="newest">The store's revision: its rows stay, because the file's newest row says how far the store has counted.</param>
    public void RemoveHistory(long from, long to, long newest)
    {
        _deleteReplaced.With(RowId.FirstOf(from), RowId.FirstOf(to + 1)).ExecuteNonQuery();
        _deleteTombstones.With(RowId.FirstOf(from), RowId.FirstOf(Math.Min(to + 1, newest))).ExecuteNonQuery();
        _setCompacted.With(to).ExecuteNonQuery();
    }

    public void Dispose()
    {
        _newest.Dispose();
        _insert.Dispose();
        _connection.Dispose();
    }

    // An empty store is at revision 1, as etcd's is: 0 means "now" in every call.
    private long ReadRevision() => Math.Max(1, RowId.RevisionOf(_connection.Prepare("SELECT max(id) FROM entries").Long()));
}
