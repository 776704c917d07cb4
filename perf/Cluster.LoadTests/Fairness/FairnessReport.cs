using System.Globalization;
using System.Text;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Fairness;

/// <summary>The fairness benchmark's outcome.</summary>
internal sealed record FairnessReport(MachineFacts Machine, double RequestsPerSecond, double SecondsPerMeasurement, int Listed, IReadOnlyList<FairnessSample> Samples)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("# A quiet client beside a greedy one").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {Machine.Date}; {Machine.Cores} cores, {Machine.Processor}; Linux {Machine.Kernel}; {Machine.Runtime}. Medians of {Samples.Max(sample => sample.Round)} interleaved rounds of {SecondsPerMeasurement:0.#} s; a quiet user creates and gets single pods, {RequestsPerSecond:0.#} requests a second in all over TLS, while another takes what it can get, in a namespace of {Listed:#,0} pods and more; the API server on one core, both clients on the other, the greedy one the nicer.").AppendLine();
        text.AppendLine("| greedy client | get p50 ms | get p99 ms | most ms | create p50 ms | create p99 ms | most ms | failed | greedy: served/s | refused/s | cut off/s | most open | server busy | memory MB |");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        AppendRow(text, FairnessBench.Nobody, "nobody");
        foreach ((string name, string title, int count) in GreedyLoad.All.Where(load => Samples.Any(sample => sample.Load == load.Name)))
            AppendRow(text, name, string.Create(CultureInfo.InvariantCulture, $"{name}: {count:#,0} {title}"));
        return text.ToString();
    }

    private void AppendRow(StringBuilder text, string load, string title)
    {
        double Median(Func<FairnessSample, double> value) => Statistics.Median([.. Of(load).Select(value)]);
        double PerSecond(Func<GreedyOutcome, long> value) => Median(sample => value(sample.Greedy) / SecondsPerMeasurement);
        text.AppendLine(CultureInfo.InvariantCulture, $"| {title} | {Median(one => one.GetP50Ms):0.0} | {Median(one => one.GetP99Ms):0.0} | {Of(load).Max(one => one.GetMaxMs):0.0} | {Median(one => one.CreateP50Ms):0.0} | {Median(one => one.CreateP99Ms):0.0} | {Of(load).Max(one => one.CreateMaxMs):0.0} | {Of(load).Sum(one => one.Failures)} of {Of(load).Sum(one => one.Requests)} | {PerSecond(one => one.Served):#,0} | {PerSecond(one => one.Refused):#,0} | {PerSecond(one => one.CutOff):#,0} | {Of(load).Max(one => one.Greedy.MostOpen):#,0} | {Median(one => one.ServerBusy):P0} | {Median(one => one.ResidentMb):0} |");
    }

    private IEnumerable<FairnessSample> Of(string load) => Samples.Where(sample => sample.Load == load);
}
