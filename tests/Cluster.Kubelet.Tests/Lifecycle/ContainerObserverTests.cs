using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Tests.Rigs;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Kubelet.Tests.Lifecycle;

public sealed class ContainerObserverTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task RunAsync_ForAnyNumberOfContainers_ListsOnceARelistAndNeverInspects(int containers)
    {
        var runtime = new FakeRuntime();
        for (var number = 0; number < containers; number++) runtime.Seed(Row(number));
        var time = new FakeTimeProvider();
        var observer = new ContainerObserver(runtime, TimeSpan.FromSeconds(1), time, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var running = observer.RunAsync(stop.Token);
        await Eventually.True(() => runtime.Count("list") == 1, "the first list");

        for (var relist = 2; relist <= 6; relist++)
        {
            await AdvanceUntilAsync(time, () => runtime.Count("list") == relist);
        }

        Assert.Equal(6, runtime.Count("list"));
        Assert.Equal(0, runtime.Count("inspect"));
        Assert.Equal(containers, observer.PodUids.Count());
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task GetNewerThanAsync_AfterAStamp_SeesWhatHappenedBeforeIt()
    {
        var runtime = new FakeRuntime();
        var observer = new ContainerObserver(runtime, TimeSpan.FromHours(1), TimeProvider.System, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var running = observer.RunAsync(stop.Token);
        await observer.GetNewerThanAsync("uid-7", 0, stop.Token);
        runtime.Seed(Row(7));

        var rows = await observer.GetNewerThanAsync("uid-7", observer.Stamp(), stop.Token);

        Assert.Single(rows);
        await stop.CancelAsync();
        await running;
    }

    // The loop has two waits a round, spacing and period: advance in small steps until it came round.
    private static async Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> condition)
    {
        for (var step = 0; step < 200 && !condition(); step++)
        {
            time.Advance(TimeSpan.FromMilliseconds(25));
            await Task.Delay(2);
        }

        Assert.True(condition());
    }

    private static ObservedContainer Row(int number) => new()
    {
        Id = $"id{number}",
        Name = $"k8s_c_{number}",
        State = ContainerRunState.Running,
        CreatedAt = DateTimeOffset.UnixEpoch,
        Labels = new Dictionary<string, string> { [ContainerLabels.PodUid] = $"uid-{number}", [ContainerLabels.Type] = ContainerLabels.ContainerType },
    };
}
