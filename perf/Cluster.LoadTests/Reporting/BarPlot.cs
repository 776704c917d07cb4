using System.Globalization;
using System.Security;
using System.Text;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Reporting;

/// <summary>A report as a picture: for each work a group of bars, one a candidate, with the CPU per operation beside it.</summary>
internal static class BarPlot
{
    private const int Width = 980;
    private const int LabelWidth = 290;
    private const int BarWidth = 430;
    private const int RowHeight = 20;
    private const int HeadHeight = 44;

    public static string Of(Report report, IReadOnlyList<Work> works)
    {
        var body = new StringBuilder();
        double y = 44;
        foreach (Work work in works)
        {
            List<Summary> rows = [.. report.Summaries.Where(summary => summary.Work == work.Name)];
            if (rows.Count > 0) y = AppendWork(body, report, work, rows, y);
        }

        return string.Create(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{y + 10:0}" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="12" y="24" font-size="16">Data plane, side by side ({report.Machine.Date}; medians of {report.Rounds} rounds)</text>
            {body}</svg>

            """);
    }

    private static double AppendWork(StringBuilder body, Report report, Work work, List<Summary> rows, double y)
    {
        double most = rows.Max(row => row.Value) ?? 0;
        string better = work.LessIsBetter ? "less is better" : "more is better";
        Text(body, 12, y + 20, $"{work.Title}: {work.Unit} ({better})", "#000000", 13);
        y += HeadHeight - 14;
        foreach (Summary row in rows)
        {
            double width = most > 0 ? (row.Value ?? 0) / most * BarWidth : 0;
            Text(body, 24, y + 13, report.Titles[row.Candidate], "#222222", 12);
            body.AppendLine(CultureInfo.InvariantCulture, $"<rect x=\"{LabelWidth}\" y=\"{y + 3:0}\" width=\"{Math.Max(width, 0):0.0}\" height=\"{RowHeight - 6}\" fill=\"{Colour(row.Candidate)}\"/>");
            string cpu = row.CpuPerOperation is { } used ? $", {Figures.Short(used)} us CPU per {work.CpuUnit}" : "";
            Text(body, LabelWidth + width + 6, y + 13, Figures.Short(row.Value) + cpu, "#444444", 11);
            y += RowHeight;
        }

        return y + 10;
    }

    private static void Text(StringBuilder body, double x, double y, string text, string colour, int size) =>
        body.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{x:0.0}\" y=\"{y:0.0}\" font-size=\"{size}\" fill=\"{colour}\">{SecurityElement.Escape(text)}</text>");

    private static string Colour(string candidate) => candidate switch
    {
        Candidates.CandidateList.Direct => "#9aa0a6",
        Candidates.CandidateList.Haproxy or Candidates.CandidateList.Nginx or "nftables" => "#c9a227",
        _ => "#2a6fbb",
    };
}
