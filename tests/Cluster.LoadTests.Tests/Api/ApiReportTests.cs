using Cluster.LoadTests.Api;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Tests.Api;

public sealed class ApiReportTests
{
    [Fact]
    public void ToMarkdown_OfRounds_TellsMediansBesideTheBareEndpoint()
    {
        var footprint = new FootprintResult(1.5, [0.9, 0.8, 1.0], 50_000, 2, 100, 240, 220, 180, 400);
        string[] lines = Report([Own(1, 40, 20_000), Own(2, 45, 30_000), Own(3, 90, 10_000), Bare(1, 30), Bare(2, 30), Bare(3, 20)], footprint).ToMarkdown().Split('\n');

        Assert.Contains("| get | 2 | 45.0 | 30.0 | 1.50 | 20,000 | 25,000 | 1.00 | 2.00 | 90% | 80% | - | 3 |", lines);
        Assert.Contains("| start to ready, again | 0.90 s |", lines);
        Assert.Contains("| resident memory, 50,000 pods just created | 240 MB |", lines);
        Assert.Contains("| with controller manager and scheduler, 50,000 pods | 400 MB |", lines);
    }

    [Fact]
    public void ToMarkdown_OnEtcd_TellsItsCpuToo()
    {
        string text = Report([Own(1, 40, 20_000) with { StoreCpuMicroseconds = 120 }, Bare(1, 30)], null).ToMarkdown();

        Assert.Contains("| 80% | 120 | ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("resident memory", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ToSvg_HasABarForEitherServer()
    {
        string svg = Report([Own(1, 40, 20_000), Bare(1, 30)], null).ToSvg();

        Assert.Contains("get a pod, HTTP/2: CPU us an operation", svg, StringComparison.Ordinal);
        Assert.Contains("40.0, 20,000/s", svg, StringComparison.Ordinal);
        Assert.Contains("30.0, 25,000/s", svg, StringComparison.Ordinal);
    }

    private static ApiReport Report(IReadOnlyList<ApiSample> samples, FootprintResult? footprint) => new(
        MachineFacts.Read(TimeProvider.System), "embedded", 3, 16, 5000, 1000, 20, new Dictionary<string, int> { ["object"] = 2000 }, samples, footprint);

    private static ApiSample Own(int round, double cpu, double perSecond) => new(round, "get", "2", "cluster apiserver", 1000, 1, perSecond, cpu, null, 1, 2, 0.9, 0.8);

    private static ApiSample Bare(int round, double cpu) => new(round, "get", "2", "bare Kestrel endpoint", 1000, 0, 25_000, cpu, null, 1, 2, 0.9, 0.8);
}
