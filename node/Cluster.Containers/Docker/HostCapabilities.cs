using System.Globalization;

namespace Cluster.Containers.Docker;

/// <summary>What this host lets containers do: the engine can give no more than it has itself.</summary>
internal static class HostCapabilities
{
    private const int SysResource = 24;

    // In the order of linux/capability.h, from number 0 on.
    private static readonly string[] Names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
        "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
        "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
    ];

    private static readonly ulong Bounding = ReadBounding();

    /// <summary>Without CAP_SYS_RESOURCE runc can neither make a container privileged nor lower an OOM score.</summary>
    public static bool CanRaiseLimits { get; } = Has(SysResource);

    /// <summary>Every capability the host itself has: the nearest thing to privileged.</summary>
    public static IReadOnlyList<string> All { get; } = Names.Where((_, number) => Has(number)).ToList();

    private static bool Has(int number) => (Bounding >> number & 1) == 1;

    private static ulong ReadBounding()
    {
        const string Field = "CapBnd:";
        if (!File.Exists("/proc/1/status")) return ulong.MaxValue;

        // PID 1's set, not ours: the engine is a service of the host, whatever we were started with.
        var line = File.ReadLines("/proc/1/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
        return line is null
            ? ulong.MaxValue
            : ulong.Parse(line.AsSpan(Field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
