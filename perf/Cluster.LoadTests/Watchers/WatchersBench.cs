using System.Diagnostics;
using System.Globalization;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Watchers;

/// <summary>
/// <c>./cluster bench watchers</c>: how soon a crowd of watchers has each change, with and without others among them that never read,
/// in interleaved rounds on one server.
/// </summary>
internal static class WatchersBench
{
    // 12 MB for a watch of everything: more than all buffers on the way hold.
    private const int BulkObjects = 300;
    private const int BulkBytes = 40_000;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(WatchersOptions options)
    {
        using WatchedServer server = await WatchedServer.StartAsync(options.Cluster, options.ServerCore);
        await server.CreateAsync(WatchedServer.Ticker, 1);
        for (int i = 0; i < BulkObjects; i++) await server.CreateAsync($"bulk-{i}", BulkBytes);
        await MeasureAsync(server, options with { Duration = options.Duration / 4 }, 0, options.Stuck);

        List<WatchersSample> samples = [];
        for (int round = 1; round <= options.Rounds; round++)
        {
            foreach (int stuck in (int[])[0, options.Stuck])
            {
                WatchersSample sample = await MeasureAsync(server, options, round, stuck);
                samples.Add(sample);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{round}/{options.Rounds} {stuck} stuck: p50 {sample.P50Ms:0.0} ms, p99 {sample.P99Ms:0.0} ms, {sample.CpuMicroseconds:0.0} us CPU an event, {sample.Delivered} of {sample.Expected} events"));
            }
        }

        var report = new WatchersReport(MachineFacts.Read(TimeProvider.System), options.Readers, options.Stuck, options.Rate, options.Duration.TotalSeconds, samples);
        Directory.CreateDirectory(options.Output);
        ReportFiles.WriteJson(Path.Combine(options.Output, "watchers.json"), report);
        await File.WriteAllTextAsync(Path.Combine(options.Output, "watchers.md"), report.ToMarkdown());
        Console.WriteLine(report.ToMarkdown());
        return 0;
    }

    private static async Task<WatchersSample> MeasureAsync(WatchedServer server, WatchersOptions options, int round, int stuck)
    {
        using var crowd = new WatcherCrowd();
        await crowd.AddReadersAsync(server, options.Readers);
        await crowd.AddStuckAsync(server, stuck);
        await Task.Delay(Settle);
        crowd.TakeDelays();
        ProcessUse before = server.Use;
        int sent = await TickAsync(server, options);
        await Task.Delay(Settle);
        ProcessUse after = server.Use;
        List<double> delays = crowd.TakeDelays();
        return new WatchersSample(
            round, stuck, delays.Count, (long)sent * options.Readers, Statistics.Percentile(delays, 50), Statistics.Percentile(delays, 99), delays.Max(),
            (after.CpuSeconds - before.CpuSeconds) * 1e6 / delays.Count, after.ResidentBytes / 1048576.0);
    }

    // At a fixed rate, whatever became of the change before.
    private static async Task<int> TickAsync(WatchedServer server, WatchersOptions options)
    {
        List<Task> ticks = [];
        long began = Stopwatch.GetTimestamp();
        var interval = TimeSpan.FromSeconds(1 / options.Rate);
        while (Stopwatch.GetElapsedTime(began) < options.Duration)
        {
            ticks.Add(server.TickAsync());
            TimeSpan wait = interval * ticks.Count - Stopwatch.GetElapsedTime(began);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
        }

        await Task.WhenAll(ticks);
        return ticks.Count;
    }
}
