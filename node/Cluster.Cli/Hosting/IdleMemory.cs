namespace Cluster.Cli.Hosting;

/// <summary>Gives memory back to the system when the process rests after work.</summary>
/// <remarks>
/// The collector runs because of what is allocated: what a burst has left behind stays, unused, for as long as nothing follows. A collection here
/// stops the process for some ten milliseconds, which is why it has to rest.
/// </remarks>
internal static class IdleMemory
{
    /// <summary>Who allocates less than this in a second rests: renewed leases and probes are about a tenth of it.</summary>
    private const long RestBytes = 1 << 20;

    /// <summary>What there must be to gain: this much, and a quarter of what was left the last time.</summary>
    private const long GainBytes = 8 << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Runs until cancelled, then returns.</summary>
    public static async Task RunAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        long allocated = GC.GetTotalAllocatedBytes(), kept = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                long before = allocated;
                allocated = GC.GetTotalAllocatedBytes();
                if (allocated - before > RestBytes || Committed() <= kept + kept / 4 + GainBytes) continue;
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                kept = Committed();
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    // As of the last collection, whoever asked for it.
    private static long Committed() => GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes;
}
