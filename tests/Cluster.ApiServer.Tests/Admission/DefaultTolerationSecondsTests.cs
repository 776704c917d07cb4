using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class DefaultTolerationSecondsTests
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    [Fact]
    public async Task AdmitAsync_NoTolerations_AddsBoth()
    {
        var pod = await AdmitAsync([]);

        Assert.Equal([NotReady, Unreachable], pod.Spec.Tolerations.Select(toleration => toleration.Key));
        Assert.All(pod.Spec.Tolerations, toleration =>
            Assert.Equal(("Exists", "NoExecute", 300L), (toleration.Operator, toleration.Effect, toleration.TolerationSeconds)));
    }

    [Fact]
    public async Task AdmitAsync_OwnTolerationOfOne_AddsTheOther()
    {
        var pod = await AdmitAsync([new Toleration { Key = NotReady, Operator = "Exists", Effect = "NoExecute", TolerationSeconds = 5 }]);

        Assert.Equal([5L, 300L], pod.Spec.Tolerations.Select(toleration => toleration.TolerationSeconds));
    }

    [Fact]
    public async Task AdmitAsync_TolerationOfEverything_AddsNothing() =>
        Assert.Single((await AdmitAsync([new Toleration { Operator = "Exists" }])).Spec.Tolerations);

    [Fact]
    public async Task AdmitAsync_TolerationOfAnotherEffect_DoesNotCount() =>
        Assert.Equal(3, (await AdmitAsync([new Toleration { Operator = "Exists", Effect = "NoSchedule" }])).Spec.Tolerations.Count);

    private static async Task<Pod> AdmitAsync(Toleration[] tolerations)
    {
        var pod = new Pod { Metadata = new() { Namespace = "shop", Name = "web" }, Spec = new() { Tolerations = { tolerations } } };
        await new DefaultTolerationSeconds().AdmitAsync(FakeObjects.Create(pod), TestContext.Current.CancellationToken);
        return pod;
    }
}
