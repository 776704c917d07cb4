using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class LimitRangerTests
{
    private readonly FakeObjects _objects = new();

    [Fact]
    public async Task AdmitAsync_ContainerThatNamesNothing_GetsTheDefaultsAndTheAnnotation()
    {
        Range(new LimitRangeItem
        {
            Type = "Container", Default = { ["cpu"] = Of("500m"), ["memory"] = Of("500Mi") }, DefaultRequest = { ["cpu"] = Of("100m"), ["memory"] = Of("200Mi") },
        });
        var pod = Pod();
        pod.Spec.Containers.Add(new Container { Name = "own", Resources = new() { Requests = { ["cpu"] = Of("300m") } } });
        pod.Spec.InitContainers.Add(new Container { Name = "first" });

        await Ranger().AdmitAsync(FakeObjects.Create(pod), CancellationToken.None);

        Assert.Equal(("100m", "200Mi", "500m", "500Mi"), Amounts(pod.Spec.Containers[0]));
        Assert.Equal(("300m", "200Mi", "500m", "500Mi"), Amounts(pod.Spec.Containers[1]));
        Assert.Equal(("100m", "200Mi", "500m", "500Mi"), Amounts(pod.Spec.InitContainers[0]));
        Assert.Equal(
            "LimitRanger plugin set: cpu, memory limit for container main; cpu, memory request for container main; "
            + "cpu, memory limit for container own; memory request for container own; "
            + "cpu, memory limit for init container first; cpu, memory request for init container first",
            pod.Metadata.Annotations["kubernetes.io/limit-ranger"]);
    }

    [Fact]
    public async Task AdmitAsync_NoRangeInTheNamespace_ChangesNothing()
    {
        var pod = Pod();

        await Ranger().AdmitAsync(FakeObjects.Create(pod), CancellationToken.None);

        Assert.Null(pod.Spec.Containers[0].Resources);
        Assert.Empty(pod.Metadata.Annotations);
    }

    [Theory]
    [InlineData("Min", "50m", "100m", "minimum cpu usage per Container is 100m, but request is 50m")]
    [InlineData("Min", null, null, "minimum cpu usage per Container is 100m.  No request is specified")]
    [InlineData("Max", "50m", "200m", "maximum cpu usage per Container is 100m, but limit is 200m")]
    [InlineData("Max", "50m", null, "maximum cpu usage per Container is 100m.  No limit is specified")]
    [InlineData("Ratio", "50m", "200m", "cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000")]
    [InlineData("Ratio", null, "200m", "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0")]
    [InlineData("Ratio", "100m", "200m", null)]
    [InlineData("Min", "100m", null, null)]
    [InlineData("Max", "100m", "100m", null)]
    public async Task ValidateAsync_Container_IsKeptWithinTheBounds(string bound, string? request, string? limit, string? error)
    {
        var item = new LimitRangeItem { Type = "Container" };
        (bound switch { "Min" => item.Min, "Max" => item.Max, _ => item.MaxLimitRequestRatio })["cpu"] = Of(bound == "Ratio" ? "2" : "100m");
        Range(item);

        await AssertRefusedAsync(Pod(request, limit), error is null ? null : $"pods \"web\" is forbidden: {error}");
    }

    [Fact]
    public async Task ValidateAsync_SumOfAPod_IsBoundedToo()
    {
        Range(new LimitRangeItem { Type = "Pod", Max = { ["cpu"] = Of("150m") } });
        var pod = Pod("100m", "100m");
        pod.Spec.Containers.Add(pod.Spec.Containers[0].Clone());

        await AssertRefusedAsync(pod, "pods \"web\" is forbidden: maximum cpu usage per Pod is 150m, but limit is 200m");
    }

    [Fact]
    public async Task ValidateAsync_Claim_IsBoundedByItsRequest()
    {
        Range(new LimitRangeItem { Type = "PersistentVolumeClaim", Min = { ["storage"] = Of("1Gi") }, Max = { ["storage"] = Of("2Gi") } });

        await AssertRefusedAsync(Claim("3Gi"), "persistentvolumeclaims \"data\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi");
        await AssertRefusedAsync(Claim("1Gi"), null);
    }

    [Fact]
    public async Task ValidateAsync_UpdateOfAPod_IsNotLookedAt()
    {
        Range(new LimitRangeItem { Type = "Container", Min = { ["cpu"] = Of("1") } });

        await Ranger().ValidateAsync(FakeObjects.Create(Pod("100m"), AdmissionOperation.Update), CancellationToken.None);
    }

    private static Api.Resource.Quantity Of(string text) => new() { String = text };

    private static Pod Pod(string? request = null, string? limit = null)
    {
        var container = new Container { Name = "main" };
        if (request is not null)
            (container.Resources ??= new()).Requests["cpu"] = Of(request);
        if (limit is not null)
            (container.Resources ??= new()).Limits["cpu"] = Of(limit);
        return new() { Metadata = new() { Namespace = "default", Name = "web" }, Spec = new() { Containers = { container } } };
    }

    private static PersistentVolumeClaim Claim(string size) => new()
    {
        Metadata = new() { Namespace = "default", Name = "data" },
        Spec = new() { Resources = new() { Requests = { ["storage"] = Of(size) } } },
    };

    private static (string, string, string, string) Amounts(Container container) => (
        container.Resources.Requests["cpu"].String, container.Resources.Requests["memory"].String,
        container.Resources.Limits["cpu"].String, container.Resources.Limits["memory"].String);

    private LimitRanger Ranger() => new(_objects);

    private void Range(LimitRangeItem item) =>
        _objects.Cached.Add(new LimitRange { Metadata = new() { Namespace = "default", Name = "bounds" }, Spec = new() { Limits = { item } } });

    private async Task AssertRefusedAsync(IApiObject obj, string? message)
    {
        try
        {
            await Ranger().ValidateAsync(FakeObjects.Create(obj), CancellationToken.None);
            Assert.Null(message);
        }
        catch (StatusException refused)
        {
            Assert.Equal((403, message), (refused.Code, refused.Message));
        }
    }
}
