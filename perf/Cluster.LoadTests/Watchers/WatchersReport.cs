using System.Globalization;
using System.Text;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Watchers;

/// <summary>The watchers' benchmark's outcome.</summary>
internal sealed record WatchersReport(
    MachineFacts Machine, int Readers, int Stuck, double ChangesPerSecond, double SecondsPerMeasurement, IReadOnlyList<WatchersSample> Samples)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("# Watchers, with and without some that never read").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {Machine.Date}; {Machine.Cores} cores, {Machine.Processor}; Linux {Machine.Kernel}; {Machine.Runtime}. Medians of {Samples.Max(sample => sample.Round)} interleaved rounds of {SecondsPerMeasurement:0.#} s; {Readers} watchers that read, half by HTTP/2 and half by HTTP/1.1, over TLS, {ChangesPerSecond:0.#} changes a second that all of them see; server and clients on a core each.").AppendLine();
        text.AppendLine("| watchers that never read | p50 ms | p99 ms | most ms | CPU us an event | server's memory MB | events delivered |");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (int stuck in (int[])[0, Stuck])
            text.AppendLine(CultureInfo.InvariantCulture, $"| {stuck} | {Median(stuck, one => one.P50Ms):0.0} | {Median(stuck, one => one.P99Ms):0.0} | {Median(stuck, one => one.MaxMs):0.0} | {Median(stuck, one => one.CpuMicroseconds):0.0} | {Median(stuck, one => one.ResidentMb):0} | {Share(stuck):0.###%} |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| **ratio** | {Ratio(one => one.P50Ms):0.00} | {Ratio(one => one.P99Ms):0.00} | {Ratio(one => one.MaxMs):0.00} | {Ratio(one => one.CpuMicroseconds):0.00} | {Ratio(one => one.ResidentMb):0.00} | |");
        return text.ToString();
    }

    private double Median(int stuck, Func<WatchersSample, double> value) => Statistics.Median([.. Samples.Where(sample => sample.Stuck == stuck).Select(value)]);

    private double? Ratio(Func<WatchersSample, double> value) => Statistics.Ratio(Median(Stuck, value), Median(0, value));

    private double Share(int stuck)
    {
        List<WatchersSample> all = [.. Samples.Where(sample => sample.Stuck == stuck)];
        return (double)all.Sum(sample => sample.Delivered) / all.Sum(sample => sample.Expected);
    }
}
