namespace Cluster.LoadTests.Watchers;

/// <summary>One measurement.</summary>
/// <param name="Stuck">Watches that nobody read meanwhile.</param>
/// <param name="Delivered">Events that reached readers, of those that were sent times the readers.</param>
/// <param name="Expected">Changes times readers.</param>
/// <param name="CpuMicroseconds">The server's for each event delivered.</param>
/// <param name="ResidentMb">The server's own memory at the end, without mapped files.</param>
internal sealed record WatchersSample(
    int Round, int Stuck, long Delivered, long Expected, double P50Ms, double P99Ms, double MaxMs, double CpuMicroseconds, double ResidentMb);
