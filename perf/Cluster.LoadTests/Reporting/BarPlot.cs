using System.Globalization;
using System.Security;
using System.Text;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Reporting;

/// <summary>A report as a picture: for each work a group of bars, one a candidate, with the CPU per operation beside it.</summary>
internal static class BarPlot
{
    public const string OwnColour = "#2a6fbb";
    public const string PeerColour = "#c9a227";

    private const string DirectColour = "#9aa0a6";
    private const int Width = 980;
    private const int LabelWidth = 290;
    private const int BarWidth = 430;
    private const int RowHeight = 20;
    private const int HeadHeight = 44;

    public static string Of(Report report, IReadOnlyList<Work> works) => Of(
        $"Data plane, side by side ({report.Machine.Date}; medians of {report.Rounds} rounds)",
        works.Select(work => GroupOf(report, work)).Where(group => group.Bars.Count > 0));

    public static string Of(string title, IEnumerable<BarGroup> groups)
    {
        var body = new StringBuilder();
        double y = 44;
        foreach (BarGroup group in groups) y = Append(body, group, y);
        return string.Create(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{y + 10:0}" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="12" y="24" font-size="16">{SecurityElement.Escape(title)}</text>
            {body}</svg>

            """);
    }

    private static BarGroup GroupOf(Report report, Work work)
    {
        string better = work.LessIsBetter ? "less is better" : "more is better";
        return new BarGroup($"{work.Title}: {work.Unit} ({better})", [.. report.Summaries.Where(summary => summary.Work == work.Name).Select(row => BarOf(report, work, row))]);
    }

    private static Bar BarOf(Report report, Work work, Summary row)
    {
        string cpu = row.CpuPerOperation is { } used ? $", {Figures.Short(used)} us CPU per {work.CpuUnit}" : "";
        return new Bar(report.Titles[row.Candidate], row.Value, Figures.Short(row.Value) + cpu, Colour(row.Candidate));
    }

    private static double Append(StringBuilder body, BarGroup group, double y)
    {
        double most = group.Bars.Max(bar => bar.Value) ?? 0;
        Text(body, 12, y + 20, group.Title, "#000000", 13);
        y += HeadHeight - 14;
        foreach (Bar bar in group.Bars)
        {
            double width = most > 0 ? Math.Max(0, (bar.Value ?? 0) / most * BarWidth) : 0;
            Text(body, 24, y + 13, bar.Label, "#222222", 12);
            body.AppendLine(CultureInfo.InvariantCulture, $"<rect x=\"{LabelWidth}\" y=\"{y + 3:0}\" width=\"{width:0.0}\" height=\"{RowHeight - 6}\" fill=\"{bar.Colour}\"/>");
            Text(body, LabelWidth + width + 6, y + 13, bar.Text, "#444444", 11);
            y += RowHeight;
        }

        return y + 10;
    }

    private static void Text(StringBuilder body, double x, double y, string text, string colour, int size) =>
        body.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{x:0.0}\" y=\"{y:0.0}\" font-size=\"{size}\" fill=\"{colour}\">{SecurityElement.Escape(text)}</text>");

    private static string Colour(string candidate) => candidate switch
    {
        Candidates.CandidateList.Direct => DirectColour,
        Candidates.CandidateList.Haproxy or Candidates.CandidateList.Nginx or "nftables" => PeerColour,
        _ => OwnColour,
    };
}
