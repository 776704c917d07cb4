using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class AlwaysPullImagesTests
{
    private readonly AlwaysPullImages _plugin = new();

    [Fact]
    public async Task AdmitAsync_Create_MakesEachContainerPull()
    {
        var pod = Pod("IfNotPresent");
        var request = FakeObjects.Create(pod);
        await _plugin.AdmitAsync(request, TestContext.Current.CancellationToken);
        await _plugin.ValidateAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(["Always", "Always"], pod.Spec.InitContainers.Concat(pod.Spec.Containers).Select(container => container.ImagePullPolicy));
    }

    [Fact]
    public async Task ValidateAsync_SomebodyChangedItBack_IsRefusedInKubernetesWords()
    {
        var error = await Assert.ThrowsAsync<StatusException>(() => _plugin.ValidateAsync(FakeObjects.Create(Pod("Never")), TestContext.Current.CancellationToken).AsTask());

        Assert.Equal("pods \"web\" is forbidden: spec.initContainers[0].imagePullPolicy: Unsupported value: \"Never\": supported values: \"Always\"", error.Message);
    }

    [Fact]
    public async Task ValidateAsync_UpdateOfAPodFromBefore_PassesUntilItsImagesChange()
    {
        var request = FakeObjects.Create(Pod("IfNotPresent"), AdmissionOperation.Update) with { OldObject = Pod("IfNotPresent") };
        await _plugin.ValidateAsync(request, TestContext.Current.CancellationToken);
        ((Pod)request.Object!).Spec.Containers[0].Image = "another:1";

        await Assert.ThrowsAsync<StatusException>(() => _plugin.ValidateAsync(request, TestContext.Current.CancellationToken).AsTask());
    }

    private static Pod Pod(string policy) => new()
    {
        Metadata = new() { Namespace = "shop", Name = "web" },
        Spec = new()
        {
            InitContainers = { new Container { Name = "init", Image = "a:1", ImagePullPolicy = policy } },
            Containers = { new Container { Name = "main", Image = "b:1", ImagePullPolicy = policy } },
        },
    };
}
