using System.Runtime.CompilerServices;
using Cluster.Storage.Watching;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Cluster.Storage.Embedded;

/// <summary>The store in one SQLite file, for one control plane process.</summary>
/// <remarks>
/// Writes go through one <see cref="WriteLoop"/> that shares an fsync among all that wait; reads and watches never wait for it.
/// </remarks>
public sealed class EmbeddedStore : IStore
{
    private const int WatchBatch = 256;

    private readonly EmbeddedStoreOptions _options;
    private readonly DirectoryLock _lock;
    private readonly RecentHistory _history;
    private readonly WriteLoop _writer;
    private readonly ReadPool _readers;
    private readonly Upkeep _upkeep;
    private int _disposed;

    private EmbeddedStore(EmbeddedStoreOptions options, DirectoryLock directoryLock, Database database, WriteConnection connection)
    {
        _options = options;
        _lock = directoryLock;
        _history = new RecentHistory(connection.Revision, options.RecentRevisions, options.RecentBytes);
        _writer = new WriteLoop(connection, _history, options, database.Path);
        _readers = new ReadPool(database);
        _upkeep = new Upkeep(_writer, _readers, options);
    }

    /// <summary>Opens the store, making it if it is not there.</summary>
    /// <exception cref="StoreException">Another process owns it, or the file can't be used; the message says which and why.</exception>
    public static Task<EmbeddedStore> OpenAsync(EmbeddedStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Task.Run(() => Open(options));
    }

    public ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return ValueTask.FromResult(_writer.Revision);
    }

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_readers.Read(reader => reader.Get(key)));
    }

    public ValueTask<StoreRange> RangeAsync(string prefix, string? afterKey, int limit, long revision, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var keys = KeyRange.OfPrefix(prefix);
        if (afterKey is not null && string.CompareOrdinal(afterKey, prefix) >= 0)
            keys = keys with { From = KeyRange.After(afterKey) };
        return ValueTask.FromResult(_readers.Read(reader => reader.Range(keys, limit, revision)));
    }

    public async ValueTask<TxnResult> TxnAsync(StoreTxn txn, CancellationToken cancellationToken)
    {
        TxnRules.Check(txn);
        return await _writer.EnqueueAsync(group => group.Apply(txn), cancellationToken).WaitAsync(cancellationToken);
    }

    /// <remarks>
    /// A watcher is in one of three states, none of which makes the writer wait: in step (it waits for the next commit), behind (it reads the
    /// recent history in memory, <see cref="EmbeddedStoreOptions.RecentRevisions"/>), or far behind (it reads the table, a page at a
    /// time). Once compaction has passed it, it ends with <see cref="CompactedException"/>.
    /// </remarks>
    public async IAsyncEnumerable<StoreChanges> WatchAsync(
        string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (afterRevision < _writer.Compacted)
            throw new CompactedException(afterRevision, _writer.Compacted);
        var cursor = afterRevision;
        var batch = new List<StoreChanges>();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            batch.Clear();
            cursor = _history.Read(cursor, WatchBatch, batch) ?? ReadTable(prefix, cursor, batch);
            foreach (var revision in batch)
            {
                if (PrefixFilter.Narrow(revision, prefix) is { } changes)
                    yield return changes;
            }

            await _history.WaitPastAsync(cursor, cancellationToken);
        }
    }

    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        await _upkeep.CompactAsync(revision, cancellationToken);
    }

    /// <summary>Finishes the writes under way, ends the watches and gives the directory free.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _upkeep.DisposeAsync();
        _writer.Dispose();
        _history.Close(WriteLoop.Closed());
        _readers.Dispose();
        _lock.Dispose();
        _options.Logger.LogInformation("Store in {Directory} closed", _options.Directory);
    }

    private static EmbeddedStore Open(EmbeddedStoreOptions options)
    {
        CreateDirectory(options.Directory);
        var directoryLock = DirectoryLock.Acquire(options.Directory);
        var database = new Database(options.Directory);
        try
        {
            database.Prepare();
            var connection = new WriteConnection(database.OpenForWriting());
            options.Logger.LogInformation("Store {Path} opened at revision {Revision}", database.Path, connection.Revision);
            return new EmbeddedStore(options, directoryLock, database, connection);
        }
        catch (Exception e)
        {
            directoryLock.Dispose();
            if (e is SqliteException or IOException or UnauthorizedAccessException)
                throw new StoreException($"the store {database.Path} cannot be opened: {e.Message}", e) { NotApplied = true };
            throw;
        }
    }

    private static void CreateDirectory(string directory)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(directory);
            else
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the directory {directory} cannot be made: {e.Message}", e) { NotApplied = true };
        }
    }

    private long ReadTable(string prefix, long cursor, List<StoreChanges> batch)
    {
        StorageMetrics.WatchersBehind.Add(1);
        var upTo = Math.Min(cursor + WatchBatch, _history.Tip);
        batch.AddRange(_readers.Read(reader => reader.History(KeyRange.OfPrefix(prefix), cursor, upTo)));
        return upTo;
    }

    private void ThrowIfClosed()
    {
        if (Volatile.Read(ref _disposed) != 0)
            throw WriteLoop.Closed();
    }
}
