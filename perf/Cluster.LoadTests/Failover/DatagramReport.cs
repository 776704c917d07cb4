using System.Globalization;
using System.Text;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Failover;

/// <summary>The outcome of the check with datagrams.</summary>
internal sealed record DatagramReport(
    MachineFacts Machine, IReadOnlyDictionary<string, string> Versions, int DatagramsPerSecond, int Flows, IReadOnlyList<DatagramResult> Results, IReadOnlyList<Absence> NotAvailable)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("# One of three backends of one-way datagrams dies").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {Machine.Date}: {DatagramsPerSecond:#,0} datagrams/s that nobody answers, of {Flows} clients; the socket of one of three backends is closed, as the kernel does it when a process is killed, and nobody tells the proxy. Medians of {Results.Max(result => result.Rounds.Count)} interleaved rounds, in parentheses the worst.").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"- {Machine.Cores} cores, {Machine.Processor}; Linux {Machine.Kernel}; {Machine.System}; {Machine.Runtime}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- versions: {string.Join(", ", Versions.Select(pair => $"{pair.Key} {pair.Value}"))}").AppendLine();
        text.AppendLine("| | sent after it | of them lost | the last that was lost was sent, ms after it | lost in the second before |");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: |");
        foreach (DatagramResult one in Results)
            text.AppendLine($"| {one.Title} | {Cell(one, sample => sample.Sent)} | {Cell(one, sample => sample.Lost)} | {Cell(one, sample => sample.RedirectedMs, "0.00")} | {Cell(one, sample => sample.LostBefore)} |");
        if (NotAvailable.Count > 0) text.AppendLine();
        foreach (Absence absence in NotAvailable) text.AppendLine(CultureInfo.InvariantCulture, $"- not available: {absence.Candidate}: {absence.Reason}");
        return text.ToString();
    }

    private static string Cell(DatagramResult result, Func<DatagramSample, double> value, string format = "#,0")
    {
        string median = Statistics.Median([.. result.Rounds.Select(value)]).ToString(format, CultureInfo.InvariantCulture);
        return $"{median} ({result.Rounds.Max(value).ToString(format, CultureInfo.InvariantCulture)})";
    }
}
