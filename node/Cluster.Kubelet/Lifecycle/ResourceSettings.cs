using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Containers;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Requests and limits in the engine's units, by Kubernetes' formulas.</summary>
internal static class ResourceSettings
{
    private const long MinShares = 2;
    private const long SharesPerCpu = 1024;
    private const long PeriodMicroseconds = 100_000;
    private const long MinQuotaMicroseconds = 1_000;

    public static ContainerResources Of(Pod pod, Container container, long nodeMemoryBytes)
    {
        var limit = ContainerAmounts.Limit(container, "cpu").MilliValue;
        var request = ContainerAmounts.Request(container, "cpu").MilliValue;
        return new ContainerResources
        {
            CpuShares = Math.Max(MinShares, (request == 0 ? limit : request) * SharesPerCpu / 1000),
            CpuPeriod = limit == 0 ? 0 : PeriodMicroseconds,
            CpuQuota = limit == 0 ? 0 : Math.Max(MinQuotaMicroseconds, limit * PeriodMicroseconds / 1000),
            MemoryBytes = ContainerAmounts.Limit(container, "memory").Value,
            OomScoreAdjustment = OomScore(pod, container, nodeMemoryBytes),
        };
    }

    // The more of its node a pod asked for, the later it is killed.
    private static int OomScore(Pod pod, Container container, long nodeMemoryBytes) => Pods.QosClass(pod.Spec) switch
    {
        "Guaranteed" => -997,
        "BestEffort" => 1000,
        _ => (int)Math.Clamp(1000 - (1000 * ContainerAmounts.Request(container, "memory").Value / Math.Max(1, nodeMemoryBytes)), 3, 999),
    };
}
