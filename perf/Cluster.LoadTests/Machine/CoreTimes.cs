using System.Globalization;

namespace Cluster.LoadTests.Machine;

/// <summary>What one core did since boot, in seconds, by the kernel's clock ticks.</summary>
internal readonly record struct CoreTimes(double Busy, double Softirq, double Total)
{
    private const double TicksPerSecond = 100;

    public static CoreTimes operator -(CoreTimes a, CoreTimes b) => new(a.Busy - b.Busy, a.Softirq - b.Softirq, a.Total - b.Total);

    /// <summary>Busy share of the time, 0 to 1.</summary>
    public double BusyShare => Total > 0 ? Busy / Total : 0;

    /// <summary>Reads all cores of this machine.</summary>
    public static CoreTimes[] ReadAll() =>
        [.. File.ReadLines("/proc/stat").Skip(1).TakeWhile(line => line.StartsWith("cpu", StringComparison.Ordinal)).Select(Parse)];

    // user nice system idle iowait irq softirq steal; the guest columns are part of user.
    private static CoreTimes Parse(string line)
    {
        double[] seconds = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(field => double.Parse(field, CultureInfo.InvariantCulture) / TicksPerSecond)];
        double total = seconds.Sum();
        return new CoreTimes(total - seconds[3] - seconds[4], seconds[6], total);
    }
}
