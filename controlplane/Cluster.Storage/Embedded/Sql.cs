using Microsoft.Data.Sqlite;

namespace Cluster.Storage.Embedded;

/// <summary>Prepared commands in one line each.</summary>
internal static class Sql
{
    public static SqliteCommand Prepare(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, SqliteType Type)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, type) in parameters)
            command.Parameters.Add(name, type);
        command.Prepare();
        return command;
    }

    /// <summary>Sets the parameters in the order they were declared.</summary>
    public static SqliteCommand With(this SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    public static long Long(this SqliteCommand command) => command.ExecuteScalar() is long value ? value : 0;
}
