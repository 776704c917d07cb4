namespace Cluster.Dataplane.Tests;

/// <summary>Counts what an operation allocates once it is warm.</summary>
internal static class Allocations
{
    private const int Rounds = 10_000;
    private const int Tries = 5;

    /// <summary>The least of some tries: code that the runtime has not compiled well yet, on a machine that is busy, may allocate once.</summary>
    public static long During(Action operation)
    {
        for (var i = 0; i < 100; i++) operation();
        var least = long.MaxValue;
        for (var i = 0; i < Tries && least > 0; i++) least = Math.Min(least, Once(operation));
        return least;
    }

    private static long Once(Action operation)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++) operation();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
