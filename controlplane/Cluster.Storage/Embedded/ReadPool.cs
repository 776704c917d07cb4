using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Cluster.Storage.Embedded;

/// <summary>Connections for reads. WAL lets them read while the writer writes; each reads on its caller's thread.</summary>
internal sealed class ReadPool(Database database) : IDisposable
{
    // As many as can be busy at once on a usual machine; a burst opens more and closes them again.
    private const int MaxIdle = 16;

    private readonly ConcurrentBag<ReadConnection> _idle = [];
    private volatile bool _closed;

    public T Read<T>(Func<ReadConnection, T> read)
    {
        if (_closed)
            throw WriteLoop.Closed();
        ReadConnection? connection = null;
        try
        {
            if (!_idle.TryTake(out connection))
                connection = new ReadConnection(database.OpenForReading());
            var result = read(connection);
            Return(connection);
            return result;
        }
        catch (StoreException) // an answer, not a failure of the connection
        {
            Return(connection!);
            throw;
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            throw SqliteErrors.OfRead(e, database.Path);
        }
    }

    public void Dispose()
    {
        _closed = true;
        while (_idle.TryTake(out var connection))
            connection.Dispose();
    }

    private void Return(ReadConnection connection)
    {
        if (_idle.Count < MaxIdle && !_closed)
            _idle.Add(connection);
        else
            connection.Dispose();
    }
}
