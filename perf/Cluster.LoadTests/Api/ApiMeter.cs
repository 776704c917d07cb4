using System.Diagnostics;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Api;

/// <summary>Runs a load and reads what the server, the store and this process used meanwhile.</summary>
internal static class ApiMeter
{
    public static async Task<ApiSample> MeasureAsync(
        ApiStage stage, MeasuredServer server, ApiWork work, Version http, int round, Func<Task<LoadOutcome>> load)
    {
        (ProcessUse before, ProcessUse? store, TimeSpan client) = (server.Use, stage.StoreUse, Environment.CpuUsage.TotalTime);
        long began = Stopwatch.GetTimestamp();
        LoadOutcome outcome = await load();
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        double cpu = server.Use.CpuSeconds - before.CpuSeconds;
        double operations = Math.Max(1, outcome.Operations);
        return new ApiSample(
            round, work.Name, http.Major == 1 ? "1.1" : "2", server.Name, outcome.Operations, outcome.Failures, outcome.Operations / seconds, cpu * 1e6 / operations,
            stage.StoreUse is { } used && server == stage.Api ? (used.CpuSeconds - store!.Value.CpuSeconds) * 1e6 / operations : null,
            outcome.LatenciesMs.Count > 0 ? Statistics.Percentile(outcome.LatenciesMs, 50) : 0,
            outcome.LatenciesMs.Count > 0 ? Statistics.Percentile(outcome.LatenciesMs, 99) : 0,
            cpu / seconds, (Environment.CpuUsage.TotalTime - client).TotalSeconds / seconds);
    }
}
