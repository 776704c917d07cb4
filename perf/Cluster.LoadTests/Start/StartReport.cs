using System.Globalization;
using System.Text;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Start;

/// <summary>The start check's outcome.</summary>
/// <param name="Machine">Where.</param>
/// <param name="Version">Of the programs.</param>
/// <param name="NativeBinaryMb">The size of cluster-proxy's file, in 1,000,000 bytes.</param>
/// <param name="Results">With load balancer files.</param>
/// <param name="OfApi">With an API server.</param>
internal sealed record StartReport(MachineFacts Machine, string Version, double NativeBinaryMb, IReadOnlyList<StartResult> Results, IReadOnlyList<StartResult> OfApi)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("# Start and memory of the proxy").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {Machine.Date}; {Machine.Cores} cores, {Machine.Processor}; Linux {Machine.Kernel}; {Machine.Runtime}; open files {Machine.OpenFileLimit}; version {Version}. Medians of {Results.Max(result => result.Rounds.Count)} interleaved rounds, in parentheses the least and the most. `cluster-proxy` is a file of {NativeBinaryMb:0.0} MB.").AppendLine();
        text.AppendLine("A load balancer file (the change is another file in its place):").AppendLine();
        Append(text, Results);
        text.AppendLine().AppendLine("Services of an API server over TLS, in the place of kube-proxy (the start is the first one, first lists and BPF programs included; what comes after the lists is counted from the moment the program says that it has them):").AppendLine();
        Append(text, OfApi, afterList: true);
        return text.ToString();
    }

    public string ToSvg() => BarPlot.Of(
        $"Start and memory of the proxy ({Machine.Date}; medians)",
        [
            Group("start to first reply, ms", one => one.FirstReplyMs),
            Group("resident memory a second later, MB", one => one.ResidentMb),
        ]);

    private static void Append(StringBuilder text, IReadOnlyList<StartResult> results, bool afterList = false)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"| program | services x backends | start to first reply ms |{(afterList ? " lists to first reply ms |" : "")} resident MB | CPU of the start ms | change to effect ms |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| --- | --- | ---: |{(afterList ? " ---: |" : "")} ---: | ---: | ---: |");
        foreach (var one in results)
        {
            string after = afterList ? $" {Cell(one, sample => sample.AfterListMs, one.AfterListMs, "0")} |" : "";
            text.AppendLine(CultureInfo.InvariantCulture, $"| {one.Candidate} | {one.Services:#,0} x {one.BackendsPerService} | {Cell(one, sample => sample.FirstReplyMs, one.FirstReplyMs, "0")} |{after} {Cell(one, sample => sample.ResidentMb, one.ResidentMb, "0.0")} | {Cell(one, sample => sample.CpuMs, one.CpuMs, "0")} | {Cell(one, sample => sample.ChangeMs, one.ChangeMs, "0")} |");
        }
    }

    private static string Cell(StartResult result, Func<StartSample, double> value, double median, string format)
    {
        string Text(double number) => number.ToString(format, CultureInfo.InvariantCulture);
        return $"{Text(median)} ({Text(result.Rounds.Min(value))} - {Text(result.Rounds.Max(value))})";
    }

    private BarGroup Group(string title, Func<StartResult, double> value) => new(
        $"{title} (less is better)",
        [
            .. Results.Select(one => Bar($"{one.Candidate}, file, {one.Services:#,0} x {one.BackendsPerService}", value(one))),
            .. OfApi.Select(one => Bar($"{one.Candidate}, API, {one.Services:#,0} x {one.BackendsPerService}", value(one))),
        ]);

    private static Bar Bar(string label, double value) => new(label, value, Figures.Short(value), BarPlot.OwnColour);
}
