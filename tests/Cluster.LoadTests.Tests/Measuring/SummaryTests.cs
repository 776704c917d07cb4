using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Tests.Measuring;

public sealed class SummaryTests
{
    private static readonly string[] Candidates = ["direct", "haproxy", "nginx", "loop"];

    [Fact]
    public void Of_Samples_TakesMediansAndRatiosOfMedians()
    {
        IReadOnlyList<Summary> summaries = Summary.Of(
            [.. Samples.Of("keep-alive", "direct", 90, 100, 200), .. Samples.Of("keep-alive", "haproxy", 50, 40, 60), .. Samples.Of("keep-alive", "loop", 75, 70, 80)],
            Works.All,
            Candidates);

        Assert.Equal(["direct", "haproxy", "loop"], summaries.Select(summary => summary.Candidate));
        Summary loop = summaries[2];
        Assert.Equal(75, loop.Value);
        Assert.Equal(70, loop.Least);
        Assert.Equal(80, loop.Most);
        Assert.Equal(0.75, loop.ToDirect);
        Assert.Equal(1.5, loop.ToPeer);
        Assert.Equal(3, loop.Rounds);
    }

    [Fact]
    public void Of_UdpWork_ComparesWithNginx()
    {
        IReadOnlyList<Summary> summaries = Summary.Of([.. Samples.Of("udp-echo", "nginx", 10), .. Samples.Of("udp-echo", "loop", 20)], Works.All, Candidates);
        Assert.Equal(2, summaries[1].ToPeer);
        Assert.Null(summaries[1].ToDirect);
    }

    [Fact]
    public void Of_FailedSample_IsLeftOutOfTheMedian()
    {
        IReadOnlyList<Summary> summaries = Summary.Of([.. Samples.Of("bulk", "loop", 10, 30), .. Samples.Of("bulk", "loop", (double?)null)], Works.All, Candidates);
        Assert.Equal(20, Assert.Single(summaries).Value);
    }
}
