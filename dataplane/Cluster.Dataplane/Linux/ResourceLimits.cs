using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>What the system allows this process.</summary>
public static partial class ResourceLimits
{
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Where the limit can't be read: the least that systems give a process.</summary>
    private const long Fallback = 1024;

    /// <summary>Descriptors the process may have open; the runtime has raised the soft limit to the hard one at start.</summary>
    public static long OpenFiles
    {
        get
        {
            if (!OperatingSystem.IsLinux() || GetLimit(RLIMIT_NOFILE, out var limit) != 0) return Fallback;
            return limit.Current > long.MaxValue ? long.MaxValue : (long)limit.Current;
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
