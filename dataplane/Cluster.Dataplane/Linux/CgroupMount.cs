namespace Cluster.Dataplane.Linux;

/// <summary>Where the unified cgroup hierarchy is: beside the older ones or alone.</summary>
internal static class CgroupMount
{
    /// <summary>Its root; null where none is mounted.</summary>
    public static string? Find()
    {
        if (!File.Exists("/proc/self/mounts")) return null;
        // device, folder, type; spaces in names are written as octal numbers.
        foreach (var line in File.ReadLines("/proc/self/mounts"))
        {
            var words = line.Split(' ');
            if (words.Length > 2 && words[2] == "cgroup2") return words[1].Replace("\\040", " ", StringComparison.Ordinal);
        }

        return null;
    }
}
