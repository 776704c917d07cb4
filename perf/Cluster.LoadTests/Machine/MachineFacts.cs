using System.Globalization;
using System.Runtime.InteropServices;

namespace Cluster.LoadTests.Machine;

/// <summary>What the figures of a run depend on and a reader can't know.</summary>
internal sealed record MachineFacts(
    string Date, string Kernel, string System, string Processor, int Cores, string Architecture, string CongestionControl, string Runtime, long OpenFileLimit)
{
    public static MachineFacts Read(TimeProvider time) => new(
        time.GetUtcNow().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        Field("/etc/os-release", "PRETTY_NAME=").Trim('"'),
        Field("/proc/cpuinfo", "model name").TrimStart('\t', ' ', ':'),
        CoreTimes.ReadAll().Length,
        RuntimeInformation.ProcessArchitecture.ToString(),
        File.ReadAllText("/proc/sys/net/ipv4/tcp_congestion_control").Trim(),
        RuntimeInformation.FrameworkDescription,
        OpenFiles());

    private static long OpenFiles()
    {
        string[] fields = Field("/proc/self/limits", "Max open files").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return long.TryParse(fields[1], CultureInfo.InvariantCulture, out long hard) ? hard : -1;
    }

    private static string Field(string file, string prefix) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..].Trim() ?? "unknown";
}
