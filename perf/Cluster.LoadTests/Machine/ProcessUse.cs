using System.Globalization;
using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Machine;

/// <summary>What a process and its children have used.</summary>
/// <param name="CpuSeconds">User and system time of all threads, by the process's own clock, which counts nanoseconds.</param>
/// <param name="ResidentBytes">Memory of its own: anonymous pages that are resident, without mapped files.</param>
/// <param name="TotalResidentBytes">All that is resident, mapped files too.</param>
internal readonly record struct ProcessUse(double CpuSeconds, long ResidentBytes, long TotalResidentBytes)
{
    public static ProcessUse Of(int pid)
    {
        double cpu = 0;
        long anonymous = 0, all = 0;
        foreach (int one in Tree(pid))
        {
            cpu += CpuSecondsOf(one);
            anonymous += StatusBytes(one, "RssAnon:");
            all += StatusBytes(one, "VmRSS:");
        }

        return new ProcessUse(cpu, anonymous, all);
    }

    /// <summary>What processes hold together, in bytes: a page that some of them map is shared out among those.</summary>
    public static long ProportionalBytes(IEnumerable<int> pids) => pids.SelectMany(Tree).Sum(static pid => KilobytesIn($"/proc/{pid}/smaps_rollup", "Pss:") * 1024);

    private static unsafe double CpuSecondsOf(int pid)
    {
        TimeSpec time;
        // clock_getcpuclockid(3): the kernel numbers the clocks of processes by their pids.
        if (Libc.clock_gettime((~pid << 3) | Libc.CPUCLOCK_SCHED, &time) != 0) throw new InvalidOperationException($"process {pid} has ended");
        return time.Seconds + (time.Nanoseconds / 1e9);
    }

    private static IEnumerable<int> Tree(int pid)
    {
        yield return pid;
        foreach (string child in File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (int one in Tree(int.Parse(child, CultureInfo.InvariantCulture))) yield return one;
        }
    }

    private static long StatusBytes(int pid, string field) => KilobytesIn($"/proc/{pid}/status", field) * 1024;

    private static long KilobytesIn(string file, string field)
    {
        string? line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }
}
