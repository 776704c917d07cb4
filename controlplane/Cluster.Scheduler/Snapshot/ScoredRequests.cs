using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;

namespace Cluster.Scheduler.Snapshot;

/// <summary>What a pod counts for when nodes are compared: a container that asks for nothing still takes something.</summary>
internal static class ScoredRequests
{
    // Kubernetes' numbers.
    private const long DefaultMilliCpu = 100;
    private const long DefaultMemory = 200 * 1024 * 1024;

    /// <summary>The sum of the containers, each at least its default; cpu in thousandths.</summary>
    public static (long MilliCpu, long Memory) Of(PodSpec spec)
    {
        var (cpu, memory) = (0L, 0L);
        foreach (var container in spec.Containers)
        {
            cpu += Request(container, "cpu") is { IsZero: false } asked ? asked.MilliValue : DefaultMilliCpu;
            memory += Request(container, "memory") is { IsZero: false } bytes ? bytes.Value : DefaultMemory;
        }

        return (cpu, memory);
    }

    private static QuantityValue Request(Container container, string resource) =>
        container.Resources is { } resources && resources.Requests.TryGetValue(resource, out var quantity) ? QuantityValue.From(quantity) : default;
}
