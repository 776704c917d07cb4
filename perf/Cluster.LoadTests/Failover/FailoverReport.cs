using System.Globalization;
using System.Text;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Failover;

/// <summary>The failover check's outcome.</summary>
internal sealed record FailoverReport(
    FailoverCase Case,
    MachineFacts Machine,
    IReadOnlyDictionary<string, string> Versions,
    int RequestsPerSecond,
    IReadOnlyList<FailoverResult> Results,
    IReadOnlyList<Absence> NotAvailable)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# {Case.Title}").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {Machine.Date}: {RequestsPerSecond:#,0} requests/s, a connection each, 5 ms of work at the backend; {Case.What}. Medians of {Results.Max(result => result.Rounds.Count)} interleaved rounds, in parentheses the worst.").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"- {Machine.Cores} cores, {Machine.Processor}; Linux {Machine.Kernel}; {Machine.System}; {Machine.Runtime}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- versions: {string.Join(", ", Versions.Select(pair => $"{pair.Key} {pair.Value}"))}").AppendLine();
        text.AppendLine("| | failed connects | failed requests | under way in that moment, all three | begun until, that failed, ms | longest gap ms | slowest answer ms | answers over 100 ms |");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (FailoverResult one in Results)
            text.AppendLine($"| {one.Title} | {Cell(one, sample => sample.FailedConnects)} | {Cell(one, sample => sample.FailedRequests)} | {Cell(one, sample => sample.UnderWay)} | {Cell(one, sample => sample.LastFailureMs)} | {Cell(one, sample => sample.LongestGapMs)} | {Cell(one, sample => sample.SlowestMs)} | {Cell(one, sample => sample.Slow)} |");
        if (NotAvailable.Count > 0) text.AppendLine();
        foreach (Absence absence in NotAvailable) text.AppendLine(CultureInfo.InvariantCulture, $"- not available: {absence.Candidate}: {absence.Reason}");
        return text.ToString();
    }

    public string ToSvg() => BarPlot.Of(
        $"{Case.Title} at {RequestsPerSecond:#,0} requests/s ({Machine.Date})",
        [
            Group("requests that failed, connects included", one => one.FailedConnects + one.FailedRequests),
            Group("answers that took over 100 ms", one => one.Slow),
            Group("slowest answer, ms", one => one.SlowestMs),
            Group("longest time without an answer, ms", one => one.LongestGapMs),
        ]);

    private BarGroup Group(string title, Func<FailoverResult, double> value) => new(
        $"{title} (less is better)",
        [.. Results.Select(one => new Bar(one.Title, value(one), Figures.Short(value(one)), one.Candidate.StartsWith("haproxy", StringComparison.Ordinal) ? BarPlot.PeerColour : BarPlot.OwnColour))]);

    private static string Cell(FailoverResult result, Func<FailoverSample, double> value) =>
        string.Create(CultureInfo.InvariantCulture, $"{Statistics.Median([.. result.Rounds.Select(value)]):#,0} ({result.Rounds.Max(value):#,0})");
}
