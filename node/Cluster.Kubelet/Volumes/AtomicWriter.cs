using System.Globalization;
using Cluster.Kubelet.Linux;

namespace Cluster.Kubelet.Volumes;

/// <summary>A file of a volume: its content and mode.</summary>
public sealed record VolumeFile(ReadOnlyMemory<byte> Content, UnixFileMode Mode);

/// <summary>
/// Writes a volume's files so that a reader sees all of the old or all of the new: the files stand in a time-stamped directory,
/// <c>..data</c> is a symlink to it, each visible name a symlink into <c>..data</c>; an update swaps that one symlink.
/// </summary>
public static class AtomicWriter
{
    private const string Current = "..data";
    private const string Pending = "..data_tmp";

    /// <param name="directory">The volume; it must exist.</param>
    /// <param name="files">By relative path; paths with <c>..</c> or a leading slash are refused.</param>
    /// <param name="time">Names the new directory.</param>
    /// <returns>Whether anything changed.</returns>
    public static bool Write(string directory, IReadOnlyDictionary<string, VolumeFile> files, TimeProvider time)
    {
        foreach (var path in files.Keys) Check(path);
        var old = CurrentTarget(directory);
        if (old is not null && Same(Path.Combine(directory, old), files)) return false;
        var fresh = FreshName(time);
        WriteFiles(Path.Combine(directory, fresh), files);
        Swap(directory, fresh);
        Link(directory, files.Keys);
        if (old is not null) Directory.Delete(Path.Combine(directory, old), recursive: true);
        return true;
    }

    private static void Check(string path)
    {
        var parts = path.Split('/');
        if (path.Length == 0 || parts.Contains("..") || parts.Contains("") || parts[0].StartsWith("..", StringComparison.Ordinal))
            throw new ArgumentException($"invalid path in a volume: {path}", nameof(path));
    }

    private static string? CurrentTarget(string directory)
    {
        var target = new FileInfo(Path.Combine(directory, Current)).LinkTarget;
        return target is not null && Directory.Exists(Path.Combine(directory, target)) ? target : null;
    }

    private static bool Same(string directory, IReadOnlyDictionary<string, VolumeFile> files)
    {
        var present = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(directory, file)).ToHashSet();
        return present.SetEquals(files.Keys) && files.All(file =>
        {
            var path = Path.Combine(directory, file.Key);
            return File.GetUnixFileMode(path) == file.Value.Mode && File.ReadAllBytes(path).AsSpan().SequenceEqual(file.Value.Content.Span);
        });
    }

    private static string FreshName(TimeProvider time) =>
        $"..{time.GetUtcNow().UtcDateTime.ToString("yyyy_MM_dd_HH_mm_ss", CultureInfo.InvariantCulture)}.{Random.Shared.Next():D10}";

    private static void WriteFiles(string directory, IReadOnlyDictionary<string, VolumeFile> files)
    {
        Directory.CreateDirectory(directory);
        foreach (var (name, file) in files)
        {
            var path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (
                var stream = new FileStream(
                    path,
                    new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserWrite }))
                stream.Write(file.Content.Span);
            File.SetUnixFileMode(path, file.Mode);
        }
    }

    // A rename over the old symlink is the one atomic step.
    private static void Swap(string directory, string target)
    {
        var pending = Path.Combine(directory, Pending);
        File.Delete(pending);
        File.CreateSymbolicLink(pending, target);
        FileSystemCalls.Rename(pending, Path.Combine(directory, Current));
    }

    private static void Link(string directory, IEnumerable<string> paths)
    {
        var wanted = paths.Select(path => path.Split('/')[0]).ToHashSet();
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            var stale = !entry.Name.StartsWith("..", StringComparison.Ordinal) && !wanted.Contains(entry.Name);
            if (stale && entry.LinkTarget is not null) File.Delete(entry.FullName);
        }

        foreach (var name in wanted)
        {
            var link = Path.Combine(directory, name);
            if (new FileInfo(link).LinkTarget is null) File.CreateSymbolicLink(link, Path.Combine(Current, name));
        }
    }
}
