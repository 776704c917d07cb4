using System.Xml.Linq;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Tests.Reporting;

public sealed class ReportTests
{
    [Fact]
    public void MarkdownTable_OfReport_HasARowForEachCandidateAndTheReasonForTheAbsent()
    {
        string text = MarkdownTable.Of(Example(), Works.All);
        Assert.Contains("| cluster, loop path | 60,000 | 60,000 - 60,000 | 0.60 | 1.20 |", text, StringComparison.Ordinal);
        Assert.Contains("- cluster, connect-time path, TCP: not <here>", text, StringComparison.Ordinal);
        // A table whose rows differ in length is not shown as one.
        IEnumerable<int> columns = text.Split('\n').Where(line => line.StartsWith('|')).Select(line => line.Count(letter => letter == '|'));
        Assert.Single(columns.Distinct());
    }

    [Fact]
    public void BarPlot_OfReport_IsXmlWithABarForEachSummary()
    {
        XElement picture = XElement.Parse(BarPlot.Of(Example(), Works.All));
        Assert.Equal(3, picture.Elements().Count(element => element.Name.LocalName == "rect" && element.Attribute("x") is not null));
    }

    private static Report Example()
    {
        IReadOnlyList<Sample> samples = [.. Samples.Of("keep-alive", "direct", 100_000.0), .. Samples.Of("keep-alive", "haproxy", 50_000.0), .. Samples.Of("keep-alive", "loop", 60_000.0)];
        string[] candidates = [.. CandidateList.All.Select(candidate => candidate.Name)];
        return new Report(
            new MachineFacts("today", "6.0", "Debian", "processor", 2, "X64", "bbr", ".NET", 1024),
            "all on one",
            1,
            1,
            new Dictionary<string, string> { ["haproxy"] = "3.0" },
            CandidateList.All.ToDictionary(candidate => candidate.Name, candidate => candidate.Title),
            [new Absence("connect", "TCP", "not <here>")],
            Summary.Of(samples, Works.All, candidates),
            samples);
    }
}
