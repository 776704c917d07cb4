using System.Collections.Concurrent;
using Cluster.Storage.Watching;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Cluster.Storage.Embedded;

/// <summary>
/// The one writer: takes whatever writes are waiting, applies them in one SQLite transaction, and after its one fsync publishes the
/// revisions to the watchers and answers the callers, in this order.
/// </summary>
/// <remarks>A thread of its own, because SQLite blocks it for as long as the disk takes.</remarks>
internal sealed class WriteLoop : IDisposable
{
    // As etcd warns of its own: whoever waits for seconds should find in the log that it was the disk.
    private static readonly TimeSpan SlowCommit = TimeSpan.FromSeconds(1);

    private readonly BlockingCollection<WriterTask> _queue = [];
    private readonly WriteConnection _connection;
    private readonly RecentHistory _history;
    private readonly EmbeddedStoreOptions _options;
    private readonly string _path;
    private readonly Thread _thread;
    private long _revision;
    private long _compacted;

    public WriteLoop(WriteConnection connection, RecentHistory history, EmbeddedStoreOptions options, string path)
    {
        _connection = connection;
        _history = history;
        _options = options;
        _path = path;
        _revision = connection.Revision;
        _compacted = connection.Compacted;
        _thread = new Thread(Run) { Name = "store writer", IsBackground = true };
        _thread.Start();
    }

    /// <summary>The newest acknowledged revision.</summary>
    public long Revision => Volatile.Read(ref _revision);

    /// <summary>The oldest revision that can be read.</summary>
    public long Compacted => Volatile.Read(ref _compacted);

    public Task<T> EnqueueAsync<T>(Func<GroupCommit, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var task = new WriterTask<T>(work, cancellationToken);
        try
        {
            _queue.Add(task, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            task.Refuse(Closed());
        }

        return task.Answer;
    }

    /// <summary>Finishes the writes that wait, refuses later ones.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _connection.Dispose();
        _queue.Dispose();
    }

    public static StoreException Closed() => new("the store is closed") { NotApplied = true };

    private void Run()
    {
        var group = new List<WriterTask>();
        foreach (var first in _queue.GetConsumingEnumerable())
        {
            Collect(first, group);
            if (group.Count > 0)
                Commit(group);
            group.Clear();
        }
    }

    private void Collect(WriterTask first, List<WriterTask> group)
    {
        var task = first;
        do
        {
            if (!task.TryWithdraw())
                group.Add(task);
        }
        while (group.Count < _options.MaxGroupSize && _queue.TryTake(out task!));
    }

    private void Commit(List<WriterTask> tasks)
    {
        var started = _options.Time.GetTimestamp();
        try
        {
            var group = Write(tasks);
            Volatile.Write(ref _compacted, group.Compacted);
            Volatile.Write(ref _revision, group.Revision);
            if (group.Changes.Count > 0)
                _history.Publish(group.Changes, group.Revision);
        }
        catch (Exception e) // top of the writer: whatever happened, the callers are told and the loop goes on
        {
            Refuse(tasks, e);
            return;
        }

        foreach (var task in tasks)
            task.Acknowledge();
        var elapsed = _options.Time.GetElapsedTime(started);
        StorageMetrics.CommitSeconds.Record(elapsed.TotalSeconds);
        if (elapsed > SlowCommit)
            _options.Logger.LogWarning("A commit of {Count} writes took {Seconds:F1} s: the disk of {Path} is slow or busy", tasks.Count, elapsed.TotalSeconds, _path);
        StorageMetrics.CommitGroupSize.Record(tasks.Count);
    }

    private GroupCommit Write(List<WriterTask> tasks)
    {
        var group = new GroupCommit(_connection, _revision, _compacted, _options.Time);
        _connection.Begin();
        try
        {
            foreach (var task in tasks)
                task.Apply(group);
            _connection.Commit();
            return group;
        }
        catch
        {
            _connection.Rollback();
            throw;
        }
    }

    private void Refuse(List<WriterTask> tasks, Exception e)
    {
        StorageMetrics.CommitFailures.Add(1);
        var reason = e is SqliteException sqlite ? SqliteErrors.OfWrite(sqlite, _path) : e;
        _options.Logger.LogError(e, "{Count} writes refused: {Reason}", tasks.Count, reason.Message);
        foreach (var task in tasks)
            task.Refuse(reason);
    }
}
