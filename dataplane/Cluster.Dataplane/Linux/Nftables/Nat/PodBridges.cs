using System.Globalization;
using Cluster.Dataplane.Addresses;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>Bridges that pods are attached to, as /sys/class/net of this process's network namespace has them.</summary>
internal static class PodBridges
{
    private const string Folder = "/sys/class/net";

    /// <summary>
    /// Bridges in the range of pods with ports of which none has the hairpin mode: what a pod asks of a service and the kernel leads to that same
    /// pod would have to leave by the port it came from, and is dropped.
    /// </summary>
    /// <param name="options">With the ranges of pods.</param>
    /// <param name="addresses">Of this node's interfaces.</param>
    /// <param name="folder">Where interfaces are looked up; null: /sys/class/net.</param>
    public static IEnumerable<string> WithoutHairpin(NatOptions options, IEnumerable<InterfaceAddress> addresses, string? folder = null)
    {
        folder ??= Folder;
        var ofPods = addresses.Where(address => options.PodRanges.Any(range => range.Contains(address.Address))).Select(address => address.Index).ToHashSet();
        if (ofPods.Count == 0 || !Directory.Exists(folder)) yield break;
        foreach (var bridge in Directory.EnumerateDirectories(folder).Where(path => Directory.Exists(Path.Combine(path, "brif"))))
            if (ofPods.Contains(Number(bridge, "ifindex")) && Ports(bridge) is { Length: > 0 } ports && !ports.Contains(1)) yield return Path.GetFileName(bridge);
    }

    // The modes of those there are.
    private static int[] Ports(string bridge) => [.. Directory.EnumerateFileSystemEntries(Path.Combine(bridge, "brif")).Select(port => Number(port, "hairpin_mode")).Where(mode => mode >= 0)];

    // Minus one for an interface that went meanwhile.
    private static int Number(string path, string file)
    {
        try
        {
            return int.TryParse(File.ReadAllText(Path.Combine(path, file)), CultureInfo.InvariantCulture, out var number) ? number : -1;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return -1;
        }
    }
}
