using System.Text;
using Microsoft.Data.Sqlite;

namespace Cluster.Storage.Embedded;

/// <summary>The statements of a reader. Each read is one SQLite snapshot. Used by one caller at a time.</summary>
internal sealed class ReadConnection : IDisposable
{
    // The newest row of each key as of a revision: SQLite takes "deleted" from the row that has the max(). The covering index answers it in key
    // order without touching the values. An ORDER BY further out would sort all keys before the first of a page (260 ms instead of 2 for a
    // page of 500 out of 80,000): the CROSS JOIN below keeps the order of this part.
    private const string NewestRows =
        "SELECT key, max(id) AS id, deleted FROM entries WHERE key >= $from AND key < $to AND id < $before GROUP BY key ORDER BY key";

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _end;
    private readonly SqliteCommand _revision;
    private readonly SqliteCommand _compacted;
    private readonly SqliteCommand _get;
    private readonly SqliteCommand _page;
    private readonly SqliteCommand _count;
    private readonly SqliteCommand _history;
    private readonly SqliteCommand _firstExpiry;

    public ReadConnection(SqliteConnection connection)
    {
        _connection = connection;
        _begin = connection.Prepare("BEGIN");
        _end = connection.Prepare("COMMIT");
        _revision = connection.Prepare("SELECT max(id) FROM entries");
        _compacted = connection.Prepare("SELECT revision FROM compaction");
        _get = connection.Prepare(
            "SELECT id, value, created, deleted FROM entries WHERE key = $key ORDER BY id DESC LIMIT 1", ("$key", SqliteType.Blob));
        _page = connection.Prepare(
            $"SELECT k.key, e.value, e.id, e.created FROM ({NewestRows}) k CROSS JOIN entries e ON e.id = k.id WHERE k.deleted = 0 LIMIT $limit",
            ("$from", SqliteType.Blob), ("$to", SqliteType.Blob), ("$before", SqliteType.Integer), ("$limit", SqliteType.Integer));
        _count = connection.Prepare(
            $"SELECT count(*) FROM ({NewestRows}) WHERE deleted = 0",
            ("$from", SqliteType.Blob), ("$to", SqliteType.Blob), ("$before", SqliteType.Integer));
        _history = connection.Prepare(
            """
            SELECT e.id, e.key, e.value, e.created, e.deleted, p.id, p.value, p.created
            FROM entries e NOT INDEXED LEFT JOIN entries p ON p.id = e.previous
            WHERE e.id >= $first AND e.id < $before AND e.key >= $from AND e.key < $to ORDER BY e.id
            """,
            ("$first", SqliteType.Integer), ("$before", SqliteType.Integer), ("$from", SqliteType.Blob), ("$to", SqliteType.Blob));
        _firstExpiry = connection.Prepare("SELECT min(expires) FROM entries WHERE expires IS NOT NULL");
    }

    public StoreEntry? Get(string key)
    {
        using var reader = _get.With(Encoding.UTF8.GetBytes(key)).ExecuteReader();
        return reader.Read() && !reader.GetBoolean(3) ? Entry(key, Value(reader, 1), reader.GetInt64(0), reader.GetInt64(2)) : null;
    }

    /// <summary>When the next key expires, in Unix milliseconds; null: none does.</summary>
    public long? FirstExpiryMs() => _firstExpiry.ExecuteScalar() as long?;

    public StoreRange Range(KeyRange keys, int limit, long revision)
    {
        using var snapshot = new Snapshot(this);
        var newest = Math.Max(1, RowId.RevisionOf(_revision.Long()));
        CheckRevision(revision, newest);
        var at = revision == 0 ? newest : revision;
        var entries = Page(keys, at, limit == 0 ? long.MaxValue : (long)limit + 1);
        var more = limit > 0 && entries.Count > limit;
        if (!more)
            return new StoreRange(entries, at, false, 0);
        entries.RemoveAt(limit);
        return new StoreRange(entries, at, true, _count.With(keys.From, keys.To, RowId.FirstOf(at + 1)).Long() - limit);
    }

    /// <summary>The revisions after <paramref name="after"/> up to <paramref name="upTo"/> that touch the keys.</summary>
    public List<StoreChanges> History(KeyRange keys, long after, long upTo)
    {
        using var snapshot = new Snapshot(this);
        var compacted = _compacted.Long();
        if (after < compacted)
            throw new CompactedException(after, compacted);
        var revisions = new List<StoreChanges>();
        using var reader = _history.With(RowId.FirstOf(after + 1), RowId.FirstOf(upTo + 1), keys.From, keys.To).ExecuteReader();
        while (reader.Read())
            Add(revisions, RowId.RevisionOf(reader.GetInt64(0)), Change(reader));
        return revisions;
    }

    public void Dispose() => _connection.Dispose();

    private void CheckRevision(long revision, long newest)
    {
        if (revision == 0)
            return;
        if (_compacted.Long() is var compacted && revision < compacted)
            throw new CompactedException(revision, compacted);
        if (revision > newest)
            throw new StoreException($"revision {revision} has not been written yet; the newest is {newest}") { NotApplied = true };
    }

    private List<StoreEntry> Page(KeyRange keys, long revision, long limit)
    {
        var entries = new List<StoreEntry>();
        using var reader = _page.With(keys.From, keys.To, RowId.FirstOf(revision + 1), limit).ExecuteReader();
        while (reader.Read())
        {
            var key = Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(0));
            entries.Add(Entry(key, Value(reader, 1), reader.GetInt64(2), reader.GetInt64(3)));
        }

        return entries;
    }

    private static StoreChange Change(SqliteDataReader reader)
    {
        var key = Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(1));
        var entry = reader.GetBoolean(4) ? null : Entry(key, Value(reader, 2), reader.GetInt64(0), reader.GetInt64(3));
        var previous = reader.IsDBNull(5) ? null : Entry(key, Value(reader, 6), reader.GetInt64(5), reader.GetInt64(7));
        return new StoreChange(key, entry, previous);
    }

    private static void Add(List<StoreChanges> revisions, long revision, StoreChange change)
    {
        if (revisions.Count == 0 || revisions[^1].Revision != revision)
            revisions.Add(new StoreChanges(revision, new List<StoreChange>(1)));
        ((List<StoreChange>)revisions[^1].Changes).Add(change);
    }

    private static StoreEntry Entry(string key, byte[] value, long id, long created) => new(key, value, RowId.RevisionOf(id), created);

    private static byte[] Value(SqliteDataReader reader, int column) =>
        reader.IsDBNull(column) ? [] : reader.GetFieldValue<byte[]>(column);

    // Several statements that must see the same state.
    private readonly struct Snapshot : IDisposable
    {
        private readonly ReadConnection _owner;

        public Snapshot(ReadConnection owner)
        {
            _owner = owner;
            owner._begin.ExecuteNonQuery();
        }

        public void Dispose() => _owner._end.ExecuteNonQuery();
    }
}
