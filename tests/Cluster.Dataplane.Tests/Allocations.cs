namespace Cluster.Dataplane.Tests;

/// <summary>Counts what an operation allocates once it is warm.</summary>
internal static class Allocations
{
    private const int Rounds = 10_000;

    public static long During(Action operation)
    {
        for (var i = 0; i < 100; i++) operation();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++) operation();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
