using Microsoft.Data.Sqlite;

namespace Cluster.Storage.Embedded;

/// <summary>The file: where it is, its tables, and connections to it with the settings every one needs.</summary>
internal sealed class Database(string directory)
{
    private const int SchemaVersion = 1;

    // entries.id is RowId. previous: the row this one replaced, 0 for none. created: the revision that created the key.
    // expires: Unix milliseconds, only on the newest row of a key, so that the partial index holds just what can expire.
    private const string Schema = """
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL,
            value BLOB,
            previous INTEGER NOT NULL,
            created INTEGER NOT NULL,
            deleted INTEGER NOT NULL,
            expires INTEGER);
        CREATE INDEX entries_by_key ON entries (key, id, deleted);
        CREATE INDEX entries_by_expiry ON entries (expires) WHERE expires IS NOT NULL;
        CREATE TABLE compaction (revision INTEGER NOT NULL);
        INSERT INTO compaction VALUES (0);
        PRAGMA user_version = 1;
        """;

    public string Path { get; } = System.IO.Path.Combine(directory, "state.db");

    /// <summary>Makes the file if it is missing.</summary>
    public void Prepare()
    {
        CreateFilePrivately();
        using var connection = Open();
        Execute(connection, "PRAGMA journal_mode = WAL");
        var version = Convert.ToInt64(Scalar(connection, "PRAGMA user_version"), null);
        if (version == 0)
            Execute(connection, $"BEGIN IMMEDIATE; {Schema} COMMIT;");
        else if (version != SchemaVersion)
            throw new StoreException($"{Path} has format {version}, this program knows {SchemaVersion}") { NotApplied = true };
    }

    /// <summary>The one connection that writes: each commit is on the disk when it returns, deleted bytes are zeroed.</summary>
    public SqliteConnection OpenForWriting()
    {
        var connection = Open();
        Execute(connection, "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;");
        return connection;
    }

    public SqliteConnection OpenForReading()
    {
        var connection = Open();
        Execute(connection, "PRAGMA query_only = ON;");
        return connection;
    }

    private SqliteConnection Open()
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = Path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false };
        var connection = new SqliteConnection(settings.ConnectionString);
        connection.Open();
        return connection;
    }

    private void CreateFilePrivately()
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite; // SQLite gives its journal the same mode
        new FileStream(Path, options).Dispose();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
