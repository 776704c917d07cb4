using System.Globalization;
using System.Text;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Api;

/// <summary>The API server's benchmark's outcome.</summary>
/// <param name="Store">embedded or etcd.</param>
/// <param name="Sizes">Bytes of what is sent, by its name.</param>
/// <param name="Footprint">Null: not looked at.</param>
internal sealed record ApiReport(
    MachineFacts Machine, string Store, int Rounds, int Concurrency, int Listed, int Watchers, double ChangesPerSecond, IReadOnlyDictionary<string, int> Sizes,
    IReadOnlyList<ApiSample> Samples, FootprintResult? Footprint)
{
    private const string Own = "cluster apiserver";

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("# API server beside a bare Kestrel endpoint").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {Machine.Date}; {Machine.Cores} cores, {Machine.Processor}; Linux {Machine.Kernel}; {Machine.Runtime}. Medians of {Rounds} interleaved rounds; store {Store}; TLS with a client certificate, RBAC; servers on one core, the client on the other; {Concurrency} requests at once for create and get, over one connection of HTTP/2 or {Concurrency} of HTTP/1.1, lists of {Listed:#,0} pods one at a time, {Watchers:#,0} watchers with a connection each, paced: {ChangesPerSecond:0.#} changes a second.").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Bytes: {string.Join(", ", Sizes.Select(pair => $"{pair.Key} {pair.Value:#,0}"))}. The bare endpoint sends the same bytes and does nothing else.").AppendLine();
        text.AppendLine("| work | HTTP | CPU us an operation | bare endpoint | ratio | operations/s | bare | p50 ms | p99 ms | server busy | client busy | store CPU us | failures |");
        text.AppendLine("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach ((ApiWork work, string http) in Rows()) AppendRow(text, work, http);
        AppendFootprint(text);
        return text.ToString();
    }

    public string ToSvg() => BarPlot.Of(
        $"API server beside a bare Kestrel endpoint ({Machine.Date}; medians of {Rounds} rounds)",
        Rows().Select(row => new BarGroup(
            $"{row.Work.Title}, HTTP/{row.Http}: CPU us an {(row.Work.IsWatch ? "event delivered" : "operation")} (less is better)",
            [
                .. Samples.Where(sample => Is(sample, row.Work, row.Http)).Select(sample => sample.Server).Distinct().Select(server => Bar(row.Work, row.Http, server)),
            ])));

    private Bar Bar(ApiWork work, string http, string server)
    {
        double? cpu = Median(work, http, server, sample => sample.CpuMicroseconds);
        return new Bar(server, cpu, $"{Figures.Short(cpu)}, {Figures.Short(Median(work, http, server, sample => sample.PerSecond))}/s", server == Own ? BarPlot.OwnColour : BarPlot.PeerColour);
    }

    private IEnumerable<(ApiWork Work, string Http)> Rows() =>
        from work in ApiWork.All from http in (string[])["2", "1.1"] where Samples.Any(sample => Is(sample, work, http)) select (work, http);

    private void AppendRow(StringBuilder text, ApiWork work, string http)
    {
        double? Own(Func<ApiSample, double> value) => Median(work, http, ApiReport.Own, value);
        double? Bare(Func<ApiSample, double> value) => Median(work, http, "bare Kestrel endpoint", value);
        double? store = Samples.Any(sample => sample.StoreCpuMicroseconds is not null) ? Own(sample => sample.StoreCpuMicroseconds ?? 0) : null;
        double? cpu = Own(sample => sample.CpuMicroseconds), bare = Bare(sample => sample.CpuMicroseconds);
        text.AppendLine(CultureInfo.InvariantCulture, $"| {work.Name} | {http} | {Figures.Short(cpu)} | {Figures.Short(bare)} | {Figures.Ratio(Statistics.Ratio(cpu, bare))} | {Figures.Short(Own(sample => sample.PerSecond))} | {Figures.Short(Bare(sample => sample.PerSecond))} | {Latency(Own(sample => sample.P50Ms))} | {Latency(Own(sample => sample.P99Ms))} | {Figures.Percent(Own(sample => sample.ServerBusy))} | {Figures.Percent(Own(sample => sample.ClientBusy))} | {Figures.Short(store)} | {Samples.Where(sample => Is(sample, work, http)).Sum(sample => sample.Failures)} |");
    }

    private void AppendFootprint(StringBuilder text)
    {
        if (Footprint is not { } print) return;
        text.AppendLine().AppendLine("The API server alone, on all cores:").AppendLine();
        text.AppendLine("| | |").AppendLine("| --- | ---: |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| start to ready, empty folder | {print.FirstStartSeconds:0.00} s |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| start to ready, again | {Statistics.Median([.. print.StartSeconds]):0.00} s |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| start to ready, {print.Pods:#,0} pods | {print.FilledStartSeconds:0.00} s |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| resident memory, idle | {print.IdleMb:0} MB |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| resident memory, {print.Pods:#,0} pods just created | {print.FilledMb:0} MB |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| resident memory, {print.Pods:#,0} pods, started again | {print.RestartedMb:0} MB |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| with controller manager and scheduler (pages that are shared counted once), idle | {print.PlaneIdleMb:0} MB |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| with controller manager and scheduler, {print.Pods:#,0} pods | {print.PlaneFilledMb:0} MB |");
    }

    private static string Latency(double? ms) => ms is > 0 ? Figures.Short(ms) : "-";

    private static bool Is(ApiSample sample, ApiWork work, string http) => sample.Work == work.Name && sample.Http == http;

    private double? Median(ApiWork work, string http, string server, Func<ApiSample, double> value) =>
        Samples.Where(sample => Is(sample, work, http) && sample.Server == server).Select(value).ToList() is { Count: > 0 } values ? Statistics.Median(values) : null;
}
