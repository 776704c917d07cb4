using System.Globalization;
using System.Runtime.InteropServices;
using Cluster.Api.Quantities;
using Cluster.Containers;

namespace Cluster.Kubelet.Nodes;

/// <summary>This machine: what it is and what it can give. Read once at start; immutable.</summary>
public sealed record HostFacts
{
    // What eviction would keep free for the system, so what pods can't have.
    private const long ReservedMemoryBytes = 100L * 1024 * 1024;
    private const double ReservedDiskShare = 0.10;

    public required int Cpus { get; init; }

    public required long MemoryBytes { get; init; }

    public required long DiskBytes { get; init; }

    public required int MaxPods { get; init; }

    public string MachineId { get; init; } = "";

    public string BootId { get; init; } = "";

    public string SystemUuid { get; init; } = "";

    public string KernelVersion { get; init; } = "";

    public string OsImage { get; init; } = "";

    public string Architecture { get; init; } = "";

    public string RuntimeVersion { get; init; } = "";

    public bool SupportsPrivileged { get; init; } = true;

    public IReadOnlyDictionary<string, QuantityValue> Capacity => Amounts(MemoryBytes, DiskBytes);

    public IReadOnlyDictionary<string, QuantityValue> Allocatable =>
        Amounts(Math.Max(0, MemoryBytes - ReservedMemoryBytes), (long)(DiskBytes * (1 - ReservedDiskShare)));

    public static HostFacts Read(RuntimeInfo runtime, KubeletOptions options) => new()
    {
        Cpus = Environment.ProcessorCount,
        MemoryBytes = MemoryField("MemTotal"),
        DiskBytes = Disk(options.RootDirectory).TotalSize,
        MaxPods = options.MaxPods,
        MachineId = Line("/etc/machine-id"),
        BootId = Line("/proc/sys/kernel/random/boot_id"),
        SystemUuid = Line("/sys/class/dmi/id/product_uuid"),
        KernelVersion = Line("/proc/sys/kernel/osrelease"),
        OsImage = runtime.OperatingSystem,
        Architecture = RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            var other => other.ToString().ToLowerInvariant(),
        },
        RuntimeVersion = $"{runtime.Name}://{runtime.Version}",
        SupportsPrivileged = runtime.SupportsPrivileged,
    };

    /// <summary>Memory that programs could still get now.</summary>
    public static long AvailableMemoryBytes() => MemoryField("MemAvailable");

    /// <summary>The file system that holds a directory, or would.</summary>
    public static DriveInfo Disk(string directory)
    {
        var existing = Path.GetFullPath(directory);
        while (!Directory.Exists(existing)) existing = Path.GetDirectoryName(existing) ?? "/";
        return new DriveInfo(existing);
    }

    private Dictionary<string, QuantityValue> Amounts(long memory, long disk) => new()
    {
        ["cpu"] = QuantityValue.FromLong(Cpus),
        ["memory"] = QuantityValue.Parse($"{memory / 1024}Ki"),
        ["ephemeral-storage"] = QuantityValue.Parse($"{disk / 1024}Ki"),
        ["pods"] = QuantityValue.FromLong(MaxPods),
    };

    // Lines such as "MemTotal:  16384 kB".
    private static long MemoryField(string name)
    {
        const string Source = "/proc/meminfo";
        if (!File.Exists(Source)) return GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var line = File.ReadLines(Source).First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private static string Line(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadLines(path).FirstOrDefault("").Trim() : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
