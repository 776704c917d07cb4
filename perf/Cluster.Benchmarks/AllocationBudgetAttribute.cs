namespace Cluster.Benchmarks;

/// <summary>Bytes that one call of a benchmark may allocate; the run fails where it allocates more.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllocationBudgetAttribute(long bytes) : Attribute
{
    public long Bytes { get; } = bytes;
}
