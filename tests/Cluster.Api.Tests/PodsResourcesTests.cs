using Cluster.Api.CoreV1;
using Cluster.Api.Resource;

namespace Cluster.Api.Tests;

public class PodsResourcesTests
{
    [Fact]
    public void Requests_Containers_AddUp() => Assert.Equal("300m", Cpu(new PodSpec { Containers = { Asking("100m"), Asking("200m") } }));

    [Fact]
    public void Requests_HungryInitContainer_SetsTheLeast() =>
        Assert.Equal("1", Cpu(new PodSpec { Containers = { Asking("100m") }, InitContainers = { Asking("1"), Asking("500m") } }));

    [Fact]
    public void Requests_Sidecar_CountsBesideInitAndMain()
    {
        var sidecar = Asking("100m");
        sidecar.RestartPolicy = "Always";

        Assert.Equal("600m", Cpu(new PodSpec { Containers = { Asking("200m") }, InitContainers = { sidecar, Asking("500m") } }));
        Assert.Equal("1100m", Cpu(new PodSpec { Containers = { Asking("1") }, InitContainers = { sidecar, Asking("500m") } }));
    }

    [Fact]
    public void Requests_Overhead_IsAdded() =>
        Assert.Equal("150m", Cpu(new PodSpec { Containers = { Asking("100m") }, Overhead = { ["cpu"] = new Quantity { String = "50m" } } }));

    [Theory]
    [InlineData(null, null, "BestEffort")]
    [InlineData("1", null, "Burstable")]
    [InlineData("1", "2", "Burstable")]
    [InlineData("1", "1", "Guaranteed")]
    public void QosClass_ByRequestsAndLimits(string? request, string? limit, string expected)
    {
        var container = new Container { Resources = new ResourceRequirements() };
        foreach (var name in new[] { "cpu", "memory" })
        {
            if (request is not null)
            {
                container.Resources.Requests[name] = new Quantity { String = request };
            }
            if (limit is not null)
            {
                container.Resources.Limits[name] = new Quantity { String = limit };
            }
        }

        Assert.Equal(expected, Pods.QosClass(new PodSpec { Containers = { container } }));
    }

    private static string Cpu(PodSpec spec) => Pods.Requests(spec)["cpu"].ToString();

    private static Container Asking(string cpu) =>
        new() { Resources = new ResourceRequirements { Requests = { ["cpu"] = new Quantity { String = cpu } } } };
}
