using System.Globalization;
using System.Runtime.InteropServices;

namespace Cluster.Cli.Hosting;

/// <summary>A process of ours as a file remembers it: its pid and, so that a reused pid is never mistaken for it, its start time.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="StartTicks">Field 22 of /proc/PID/stat: clock ticks since boot.</param>
internal sealed partial record ProcessRecord(int Pid, long StartTicks)
{
    private const int SigTerm = 15;
    private const int SigKill = 9;

    public bool IsAlive => Observe(Pid) is { } now && now.StartTicks == StartTicks;

    /// <summary>The process as it runs now, or null. A zombie has ended.</summary>
    public static ProcessRecord? Observe(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            // The command's name stands in parentheses and may hold spaces: fields are counted behind the last one.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new ProcessRecord(pid, long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static ProcessRecord Current => Observe(Environment.ProcessId)!;

    /// <summary>Reads a record file; null where there is none, or none that can be read.</summary>
    public static ProcessRecord? Read(string path)
    {
        try
        {
            string[] parts = File.ReadAllText(path).Split(' ', StringSplitOptions.TrimEntries);
            return parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out int pid) && long.TryParse(parts[1], CultureInfo.InvariantCulture, out long ticks)
                ? new ProcessRecord(pid, ticks)
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Write(string path)
    {
        string next = path + ".new";
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{Pid} {StartTicks}\n"));
        File.Move(next, path, overwrite: true);
    }

    /// <summary>Asks the process to end and, after the grace, ends it. Returns when it is gone.</summary>
    public async Task StopAsync(TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!IsAlive) return;
        _ = Signal(Pid, SigTerm);
        if (await GoneWithinAsync(grace, time, cancellationToken)) return;
        _ = Signal(Pid, SigKill);
        await GoneWithinAsync(TimeSpan.FromSeconds(5), time, cancellationToken);
    }

    private async Task<bool> GoneWithinAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        long begin = time.GetTimestamp();
        while (IsAlive)
        {
            if (time.GetElapsedTime(begin) > limit) return false;
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int pid, int signal);
}
