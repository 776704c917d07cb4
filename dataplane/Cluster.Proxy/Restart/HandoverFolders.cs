using System.Globalization;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;

namespace Cluster.Proxy.Restart;

/// <summary>Where the processes of one load balancer file meet when one takes over from another.</summary>
public static class HandoverFolders
{
    /// <summary>The folder for a file, the same for each process of one user; null where the system has no place for it.</summary>
    public static string? ForFile(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        // The folder is its user's alone, so nobody else can choose a path for its name. A digest would load the library of TLS at each start.
        var name = StableHash.Of(Path.GetFullPath(path)).ToString("x16", CultureInfo.InvariantCulture);
        if (Environment.IsPrivilegedProcess && Directory.Exists("/run")) return $"/run/cluster-proxy-{name}";
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } own) return Path.Combine(own, $"cluster-proxy-{name}");
        // Whose it is, is looked at before it is used: everybody may make folders there.
        return Path.Combine(Path.GetTempPath(), $"cluster-proxy-{ProcessUser.Effective}-{name}");
    }
}
