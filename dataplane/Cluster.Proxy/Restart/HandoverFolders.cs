using System.Security.Cryptography;
using System.Text;
using Cluster.Dataplane.Linux;

namespace Cluster.Proxy.Restart;

/// <summary>Where the processes of one load balancer file meet when one takes over from another.</summary>
public static class HandoverFolders
{
    private const int NameBytes = 8;

    /// <summary>The folder for a file, the same for each process of one user; null where the system has no place for it.</summary>
    public static string? ForFile(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(path))).AsSpan(0, NameBytes));
        if (Environment.IsPrivilegedProcess && Directory.Exists("/run")) return $"/run/cluster-proxy-{name}";
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } own) return Path.Combine(own, $"cluster-proxy-{name}");
        // Whose it is, is looked at before it is used: everybody may make folders there.
        return Path.Combine(Path.GetTempPath(), $"cluster-proxy-{ProcessUser.Effective}-{name}");
    }
}
