namespace Cluster.Kubelet.Linux;

/// <summary>What is mounted now, as the kernel tells it.</summary>
internal static class MountTable
{
    private const string Source = "/proc/self/mounts";

    public static bool IsMountPoint(string path) => Points().Contains(Path.TrimEndingDirectorySeparator(path));

    /// <summary>Unmounts everything at and under a directory, the deepest first.</summary>
    public static void UnmountUnder(string directory)
    {
        var root = Path.TrimEndingDirectorySeparator(directory);
        var under = Points().Where(point => point == root || point.StartsWith(root + "/", StringComparison.Ordinal));
        foreach (var point in under.OrderByDescending(point => point.Length).ToList()) FileSystemCalls.Unmount(point);
    }

    // The second field; blanks in it are written as octal escapes.
    private static IEnumerable<string> Points() =>
        File.Exists(Source)
            ? File.ReadAllLines(Source).Select(line => line.Split(' ')[1].Replace("\\040", " ", StringComparison.Ordinal))
            : [];
}
