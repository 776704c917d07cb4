using System.Runtime.InteropServices;

namespace Cluster.Cli.Hosting;

/// <summary>Gives memory back to the system when the process rests after work.</summary>
/// <remarks>
/// The collector runs because of what is allocated: what a burst has left behind stays, unused, for as long as nothing follows; and the C
/// library keeps what the just-in-time compiler has freed. A collection here stops the process, which is why it has to rest.
/// </remarks>
internal static partial class IdleMemory
{
    /// <summary>Who allocates less than this in a second rests: renewed leases and probes are about a tenth of it.</summary>
    private const long RestBytes = 1 << 20;

    /// <summary>What there must be to gain: this much, and a quarter of what was left the last time.</summary>
    private const long GainBytes = 8 << 20;

    /// <summary>So much work may have left something in the C library's hands.</summary>
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Runs until cancelled, then returns.</summary>
    public static async Task RunAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        long allocated = GC.GetTotalAllocatedBytes(), kept = 0;
        TimeSpan worked = TimeSpan.Zero;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                long before = allocated;
                allocated = GC.GetTotalAllocatedBytes();
                if (allocated - before > RestBytes) continue;
                kept = Collect(kept);
                if (Environment.CpuUsage.TotalTime - worked < Work) continue;
                ReturnNative();
                worked = Environment.CpuUsage.TotalTime;
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private static long Collect(long kept)
    {
        if (Committed() <= kept + kept / 4 + GainBytes) return kept;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Committed();
    }

    // As of the last collection, whoever asked for it.
    private static long Committed() => GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes;

    private static void ReturnNative()
    {
        try
        {
            _ = MallocTrim(0);
        }
        catch (Exception missing) when (missing is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library than glibc; musl returns what is freed by itself.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
