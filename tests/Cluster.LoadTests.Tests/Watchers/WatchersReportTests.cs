using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Watchers;

namespace Cluster.LoadTests.Tests.Watchers;

public sealed class WatchersReportTests
{
    [Fact]
    public void ToMarkdown_OfRounds_TellsMediansAndTheirRatios()
    {
        WatchersSample[] samples =
        [
            new(1, 0, 100, 100, 1, 10, 20, 50, 100), new(1, 5, 100, 100, 2, 11, 30, 60, 120),
            new(2, 0, 100, 100, 2, 20, 20, 50, 100), new(2, 5, 90, 100, 2, 22, 30, 60, 120),
            new(3, 0, 100, 100, 3, 90, 20, 50, 100), new(3, 5, 100, 100, 2, 33, 30, 60, 120),
        ];
        var report = new WatchersReport(MachineFacts.Read(TimeProvider.System), 50, 5, 10, 2, samples);
        string[] lines = report.ToMarkdown().Split('\n');

        Assert.Contains("| 0 | 2.0 | 20.0 | 20.0 | 50.0 | 100 | 100% |", lines);
        Assert.Contains("| 5 | 2.0 | 22.0 | 30.0 | 60.0 | 120 | 96.667% |", lines);
        Assert.Contains("| **ratio** | 1.00 | 1.10 | 1.50 | 1.20 | 1.20 | |", lines);
    }
}
