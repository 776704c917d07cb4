using Cluster.Api.Resource;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Tests.Rigs;

namespace Cluster.Kubelet.Tests.Lifecycle;

public sealed class ResourceSettingsTests
{
    private const long NodeMemory = 1000L * 1024 * 1024;

    [Fact]
    public void Of_NoRequests_IsBestEffort()
    {
        var pod = PodsOf.Pod("p");

        var settings = ResourceSettings.Of(pod, pod.Spec.Containers[0], NodeMemory);

        Assert.Equal((2L, 0L, 0L, 1000), (settings.CpuShares, settings.CpuQuota, settings.MemoryBytes, settings.OomScoreAdjustment));
    }

    [Fact]
    public void Of_RequestsAndLimits_FollowsTheFormulas()
    {
        var pod = PodsOf.Pod("p", PodsOf.Container("main").Requesting("500m", "100Mi").With(main =>
        {
            main.Resources.Limits["cpu"] = new Quantity { String = "2" };
            main.Resources.Limits["memory"] = new Quantity { String = "200Mi" };
        }));

        var settings = ResourceSettings.Of(pod, pod.Spec.Containers[0], NodeMemory);

        Assert.Equal((512L, 200_000L, 100_000L, 200L * 1024 * 1024), (settings.CpuShares, settings.CpuQuota, settings.CpuPeriod, settings.MemoryBytes));
        Assert.Equal(900, settings.OomScoreAdjustment);
    }
}
