using System.Globalization;
using System.Text;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Reporting;

/// <summary>A report as Markdown: the machine, and a table a work.</summary>
internal static class MarkdownTable
{
    public static string Of(Report report, IReadOnlyList<Work> works)
    {
        var text = new StringBuilder();
        text.AppendLine("# Data plane, side by side").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {report.Machine.Date}: medians of {report.Rounds} interleaved rounds of {report.SecondsPerMeasurement:0.##} s.").AppendLine();
        AppendMachine(text, report);
        foreach (Work work in works.Where(work => report.Summaries.Any(summary => summary.Work == work.Name))) AppendWork(text, report, work);
        AppendAbsent(text, report);
        return text.ToString();
    }

    private static void AppendMachine(StringBuilder text, Report report)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"- {report.Machine.Cores} cores, {report.Machine.Processor}; Linux {report.Machine.Kernel}; {report.Machine.System}; {report.Machine.Runtime}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- congestion control {report.Machine.CongestionControl}; open files {report.Machine.OpenFileLimit}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- {report.Layout}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- versions: {string.Join(", ", report.Versions.Select(pair => $"{pair.Key} {pair.Value}"))}").AppendLine();
    }

    private static void AppendWork(StringBuilder text, Report report, Work work)
    {
        string peer = work.Transport == Candidates.Transport.Tcp ? Candidates.CandidateList.Haproxy : Candidates.CandidateList.Nginx;
        text.AppendLine(CultureInfo.InvariantCulture, $"## {work.Name}: {work.Title}").AppendLine();
        string latency = work is LatencyWork ? "p50 us | " : "";
        text.AppendLine(CultureInfo.InvariantCulture, $"| | {work.Unit} | {latency}least - most | to direct | to {peer} | CPU us per {work.CpuUnit} | CPU to {peer} | proxy's core busy | load busy | both cores us | softirq us | failures |");
        text.AppendLine("| --- |" + string.Concat(Enumerable.Repeat(" ---: |", work is LatencyWork ? 12 : 11)));
        foreach (Summary one in report.Summaries.Where(summary => summary.Work == work.Name))
        {
            string p50 = work is LatencyWork ? $"{Figures.Short(one.P50Microseconds)} | " : "";
            text.AppendLine(CultureInfo.InvariantCulture, $"| {report.Titles[one.Candidate]} | {Figures.Short(one.Value)} | {p50}{Figures.Short(one.Least)} - {Figures.Short(one.Most)} | {Figures.Ratio(one.ToDirect)} | {Figures.Ratio(one.ToPeer)} | {Figures.Short(one.CpuPerOperation)} | {Figures.Ratio(one.CpuToPeer)} | {Figures.Percent(one.ProxyCoreBusy)} | {Figures.Percent(one.LoadBusy)} | {Figures.Short(one.BothCoresPerOperation)} | {Figures.Short(one.SoftirqPerOperation)} | {one.Failures} |");
        }

        text.AppendLine();
    }

    private static void AppendAbsent(StringBuilder text, Report report)
    {
        if (report.NotAvailable.Count == 0) return;
        text.AppendLine("## Not available").AppendLine();
        foreach (Absence absence in report.NotAvailable) text.AppendLine(CultureInfo.InvariantCulture, $"- {report.Titles[absence.Candidate]}, {absence.Transport}: {absence.Reason}");
    }
}
