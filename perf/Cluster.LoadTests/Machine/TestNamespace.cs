using System.ComponentModel;
using System.Globalization;
using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Machine;

/// <summary>A network namespace of the benchmark's own, with a loopback and nothing else: no rule and no service of the host is in the way.</summary>
internal sealed class TestNamespace : IDisposable
{
    private const string Prefix = "cluster-bench-";
    private readonly string _name;

    /// <param name="congestionControl">Of all its sockets; null: as the host has it.</param>
    public TestNamespace(string purpose, string? congestionControl = null)
    {
        _name = $"{Prefix}{Environment.ProcessId}-{purpose}";
        Shell.Run("ip", "netns", "add", _name);
        Shell.Run("ip", "-n", _name, "link", "set", "lo", "up");
        if (congestionControl is not null) Run("sysctl", "-q", "-w", $"net.ipv4.tcp_congestion_control={congestionControl}");
    }

    public string Path => $"/run/netns/{_name}";

    /// <summary>Removes what a run that was killed left behind.</summary>
    public static void RemoveStale()
    {
        if (!Directory.Exists("/run/netns")) return;
        foreach (string name in Directory.EnumerateFileSystemEntries("/run/netns").Select(path => System.IO.Path.GetFileName(path)!))
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            string pid = name[Prefix.Length..].Split('-')[0];
            if (int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out int owner) && !Directory.Exists($"/proc/{owner}"))
                Shell.Try("ip", "netns", "del", name);
        }
    }

    /// <summary>Moves the calling thread into the namespace: sockets it makes from now on belong there.</summary>
    public void Enter()
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(Path);
        if (Libc.setns(handle.DangerousGetHandle().ToInt32(), Libc.CLONE_NEWNET) != 0) throw new Win32Exception(Libc.Error);
    }

    /// <summary>Runs a command inside.</summary>
    public string Run(params string[] command) => Shell.Run("nsenter", [$"--net={Path}", .. command]);

    public void Dispose() => Shell.Try("ip", "netns", "del", _name);
}
