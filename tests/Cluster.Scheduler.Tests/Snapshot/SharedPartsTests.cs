using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Tests.Snapshot;

public sealed class SharedPartsTests
{
    private readonly SharedParts _parts = new();

    [Fact]
    public void Share_PodsOfOneController_HaveOneSetOfLabels()
    {
        var (a, b) = (Facts("a", "1"), Facts("b", "1"));

        Assert.Same(a.Labels, b.Labels);
        Assert.Same(a.Requests, b.Requests);
        Assert.Equal(("a", "b"), (a.Key.Name, b.Key.Name));
    }

    [Theory]
    [InlineData("2", "web")]
    [InlineData("1", "db")]
    public void Share_OtherRequestsOrLabels_AreKeptApart(string cpu, string app)
    {
        _ = Facts("a", "1");

        var other = Facts("b", cpu, app);

        Assert.Equal(int.Parse(cpu, System.Globalization.CultureInfo.InvariantCulture) * 1000, other.Requests.MilliCpu);
        Assert.Equal(app, other.Labels["app"]);
    }

    private PodFacts Facts(string name, string cpu, string app = "web") => new(A.Pod(name, cpu).Labelled("app", app).OwnedBy("set").On("n"), _parts);
}
