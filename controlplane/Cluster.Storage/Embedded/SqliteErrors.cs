using Microsoft.Data.Sqlite;

namespace Cluster.Storage.Embedded;

/// <summary>SQLite's failures in the store's words.</summary>
internal static class SqliteErrors
{
    private const int Full = 13;
    private const int ReadOnly = 8;
    private const int IoErrorWrite = 10 | (3 << 8);
    private const int IoErrorFsync = 10 | (4 << 8);

    /// <summary>
    /// A write that failed. Only a failed fsync leaves the outcome open: the frames, their commit mark included, may be in the file and be
    /// found by the recovery after a crash.
    /// </summary>
    public static StoreException OfWrite(SqliteException e, string path)
    {
        var text = e.SqliteErrorCode switch
        {
            Full => $"the disk that holds {path} is full; nothing was written",
            ReadOnly => $"{path} is read-only; nothing was written",
            _ => $"writing {path} failed: {e.Message}",
        };
        return new StoreException(text, e) { NotApplied = e.SqliteExtendedErrorCode != IoErrorFsync };
    }

    public static StoreException OfRead(SqliteException e, string path) => new($"reading {path} failed: {e.Message}", e) { NotApplied = true };

    /// <summary>The disk has no room, which passes when someone makes some.</summary>
    public static bool IsDiskFull(SqliteException e) => e.SqliteErrorCode == Full || e.SqliteExtendedErrorCode == IoErrorWrite;
}
