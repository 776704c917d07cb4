namespace Cluster.Dataplane;

/// <summary>What tells one state of a file from the next, without reading it: where it is, when it was written, and how long it is.</summary>
/// <remarks>Of the file that links lead to: a ConfigMap's is exchanged by a link on the way, and may be as old and as long as the one before.</remarks>
/// <param name="Place">Its path with all links followed, where the system tells it.</param>
/// <param name="WrittenAt">In UTC.</param>
/// <param name="Length">In bytes.</param>
public readonly record struct FileVersion(string Place, DateTime WrittenAt, long Length)
{
    /// <exception cref="IOException">There is no such file, or it can't be opened now.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or not this user's to read.</exception>
    public static FileVersion Of(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var place = OperatingSystem.IsLinux() ? File.ResolveLinkTarget($"/proc/self/fd/{file.DangerousGetHandle()}", returnFinalTarget: false)?.FullName : null;
        return new FileVersion(place ?? path, File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file));
    }
}
