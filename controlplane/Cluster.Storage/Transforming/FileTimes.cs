namespace Cluster.Storage.Transforming;

/// <summary>When files were written, to see that they have changed.</summary>
public static class FileTimes
{
    /// <summary>In UTC, of the file that links lead to: a mounted Secret's is exchanged by a link on the way.</summary>
    /// <returns>The least time there is where it can't be opened; reading it tells why.</returns>
    public static DateTime WrittenAt(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return File.GetLastWriteTimeUtc(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return DateTime.MinValue;
        }
    }
}
