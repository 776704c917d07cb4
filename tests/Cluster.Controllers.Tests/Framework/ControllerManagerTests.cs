using Cluster.Api.CoreV1;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Controllers.Tests.Framework;

public sealed class ControllerManagerTests
{
    [Fact]
    public void Constructor_UnknownController_NamesTheKnownOnes()
    {
        var error = Assert.Throws<ArgumentException>(() => New(new FakeApiClient(), "*", "-typo"));

        Assert.Contains("there is no controller \"typo\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("replicaset", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.244.0.0/16", 12)]
    [InlineData("10.244.0.0/16", 33)]
    public void Constructor_RangesThatDoNotFit_AreRefused(string cidr, int maskSize) => Assert.Throws<ArgumentException>(() =>
        new ControllerManager(
            new FakeApiClient(), new() { ClusterCidr = cidr, NodeCidrMaskSize = maskSize }, NullLoggerFactory.Instance, TimeProvider.System));

    [Fact]
    public async Task RunAsync_GroupSwitchedOff_RunsTheOthers()
    {
        var api = new FakeApiClient();
        api.Seed(new Node { Metadata = new() { Name = "n1" } });
        api.Seed(Make.Namespace("default"));
        using var stop = new CancellationTokenSource();
        var running = New(api, "*", "-node").RunAsync(stop.Token);

        await Eventually.True(() => api.Find<ServiceAccount>("default", "default") is not null);

        await stop.CancelAsync();
        await running;
        Assert.Equal("", api.Find<Node>(null, "n1")!.Spec?.PodCIDR ?? "");
    }

    [Fact]
    public async Task RunAsync_TwoManagers_OneActsAndTheOtherTakesOver()
    {
        var api = new FakeApiClient();
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        var first = New(api, leaderElect: true, "serviceaccount").RunAsync(stopFirst.Token);
        await Eventually.True(() => api.OpenWatches<ServiceAccount>() == 1);
        var second = New(api, leaderElect: true, "serviceaccount").RunAsync(stopSecond.Token);

        await stopFirst.CancelAsync();
        await first;
        api.Seed(Make.Namespace("default"));
        await Eventually.True(() => api.Find<ServiceAccount>("default", "default") is not null);

        await stopSecond.CancelAsync();
        await second;
    }

    private static ControllerManager New(FakeApiClient api, params string[] controllers) => New(api, leaderElect: false, controllers);

    private static ControllerManager New(FakeApiClient api, bool leaderElect, params string[] controllers) =>
        new(api, new() { Controllers = controllers, LeaderElect = leaderElect }, NullLoggerFactory.Instance, TimeProvider.System);
}
