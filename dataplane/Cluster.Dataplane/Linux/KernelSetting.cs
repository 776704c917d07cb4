using System.Globalization;

namespace Cluster.Dataplane.Linux;

/// <summary>Settings of the kernel's network (/proc/sys/net) in this process's network namespace.</summary>
internal static class KernelSetting
{
    private const string Folder = "/proc/sys/net";

    /// <summary>A number; null where this kernel has no such setting, or not yet.</summary>
    /// <param name="name">Such as <c>ipv4/ip_forward</c>.</param>
    /// <param name="folder">Where they are; null: <c>/proc/sys/net</c>.</param>
    public static int? Read(string name, string? folder = null)
    {
        try
        {
            return int.TryParse(File.ReadAllText(Path.Combine(folder ?? Folder, name)), CultureInfo.InvariantCulture, out var value) ? value : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
