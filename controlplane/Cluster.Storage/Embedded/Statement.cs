using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Cluster.Storage.Embedded;

/// <summary>A prepared statement without ADO.NET around it, for the two that every write runs: those look parameters up by name each time, and box values.</summary>
/// <remarks>
/// Used by one thread, inside a transaction that holds the write lock: it never meets a busy database. Parameters are numbered from 1,
/// columns from 0. Failures are <see cref="SqliteException"/> as of any command.
/// </remarks>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public Statement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    public void Bind(int parameter, long value) => Check(raw.sqlite3_bind_int64(_statement, parameter, value));

    public void Bind(int parameter, long? value)
    {
        if (value is { } known)
            Bind(parameter, known);
        else
            Check(raw.sqlite3_bind_null(_statement, parameter));
    }

    /// <summary>Copies the bytes; null stays null, and nothing is an empty blob.</summary>
    public void Bind(int parameter, byte[]? value) => Check(
        value is null ? raw.sqlite3_bind_null(_statement, parameter)
        : value.Length == 0 ? raw.sqlite3_bind_zeroblob(_statement, parameter, 0)
        : raw.sqlite3_bind_blob(_statement, parameter, value));

    /// <summary>Runs on; true: there is a row. Followed by <see cref="Reset"/>, whatever comes of it.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result is raw.SQLITE_ROW or raw.SQLITE_DONE)
            return result == raw.SQLITE_ROW;
        SqliteException.ThrowExceptionForRC(result, _database);
        return false;
    }

    public long Long(int column) => raw.sqlite3_column_int64(_statement, column);

    /// <summary>A copy; empty where the column is null.</summary>
    public byte[] Blob(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    /// <summary>Ready to be run again; lets go of what it was bound to.</summary>
    public void Reset()
    {
        // Its result is that of the step before, which is known already.
        raw.sqlite3_reset(_statement);
        raw.sqlite3_clear_bindings(_statement);
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
