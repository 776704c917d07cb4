using System.Globalization;
using System.Net;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Api;

/// <summary>
/// <c>./cluster bench api</c>: what the API server takes for creates, gets, lists and watches beside a bare Kestrel endpoint that sends the same
/// bytes, in interleaved rounds; and its start and memory.
/// </summary>
internal static class ApiBench
{
    // The just-in-time compiler's second tier comes after 30 calls and some quiet.
    private const int WarmUps = 2;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(0.2);
    private static readonly Version[] Versions = [HttpVersion.Version20, HttpVersion.Version11];

    public static async Task<int> RunAsync(ApiOptions options)
    {
        List<ApiSample> samples = [];
        ApiWork[] works = [.. ApiWork.All.Where(work => options.Works.Count == 0 || options.Works.Contains(work.Name))];
        IReadOnlyDictionary<string, int> sizes;
        await using (ApiStage stage = await ApiStage.StartAsync(options))
        {
            sizes = stage.Sizes;
            await MeasureRequestsAsync(stage, options, [.. works.Where(work => !work.IsWatch)], samples);
            await MeasureWatchesAsync(stage, options, [.. works.Where(work => work.IsWatch)], samples);
        }

        FootprintResult? footprint = options.Stored > 0 ? await Footprint.MeasureAsync(options) : null;
        var report = new ApiReport(
            MachineFacts.Read(TimeProvider.System), options.Etcd is null ? "embedded" : "etcd", options.Rounds, options.Concurrency, options.Listed, options.Watchers,
            options.Rate, sizes, samples, footprint);
        Directory.CreateDirectory(options.Output);
        string name = options.Etcd is null ? "api" : "api-etcd";
        ReportFiles.WriteJson(Path.Combine(options.Output, name + ".json"), report);
        await File.WriteAllTextAsync(Path.Combine(options.Output, name + ".md"), report.ToMarkdown());
        await File.WriteAllTextAsync(Path.Combine(options.Output, name + ".svg"), report.ToSvg());
        Console.WriteLine(report.ToMarkdown());
        return 0;
    }

    private static async Task MeasureRequestsAsync(ApiStage stage, ApiOptions options, ApiWork[] works, List<ApiSample> samples)
    {
        var loads = new ApiWorks(stage, options);
        for (int round = 1 - WarmUps; round <= options.Rounds; round++)
        {
            foreach ((ApiWork work, Version http) in from work in works from http in Versions select (work, http))
            {
                foreach (MeasuredServer server in (MeasuredServer[])[stage.Api, stage.Bare])
                {
                    TimeSpan duration = round > 0 ? options.Duration : WarmUp;
                    ApiSample sample = await ApiMeter.MeasureAsync(
                        stage, server, work, http, round, () => loads.RequestAsync(server, work, http, duration, options.Creates));
                    if (work == ApiWork.Create && server == stage.Api) await loads.ClearAsync();
                    Take(samples, sample, options);
                    await Task.Delay(Settle);
                }
            }
        }
    }

    private static async Task MeasureWatchesAsync(ApiStage stage, ApiOptions options, ApiWork[] works, List<ApiSample> samples)
    {
        if (works.Length == 0) return;
        var loads = new ApiWorks(stage, options);
        foreach (Version http in Versions)
        {
            string version = System.Text.Json.JsonDocument.Parse(await stage.Api.SendAsync(HttpMethod.Get, $"{ApiStage.Watched}?limit=1"))
                .RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
            await using var ofApi = new WatchCrowd();
            await using var ofBare = new WatchCrowd();
            await ofApi.OpenAsync(stage.Api, options.Watchers, $"{ApiStage.Watched}?watch=1&resourceVersion={version}", http);
            await ofBare.OpenAsync(stage.Bare, options.Watchers, $"{ApiStage.Watched}?watch=1&resourceVersion={version}", http);
            for (int round = 0; round <= options.Rounds; round++)
            {
                foreach (ApiWork work in works)
                {
                    foreach ((MeasuredServer server, WatchCrowd crowd) in ((MeasuredServer, WatchCrowd)[])[(stage.Api, ofApi), (stage.Bare, ofBare)])
                    {
                        ApiSample sample = await ApiMeter.MeasureAsync(
                            stage, server, work, http, round,
                            () => work == ApiWork.WatchFlooded ? loads.FloodAsync(server, crowd, options.Changes) : loads.PaceAsync(server, crowd, options.Duration));
                        Take(samples, sample, options);
                        await Task.Delay(Settle);
                    }
                }
            }
        }
    }

    // Rounds before the first are for the compilers.
    private static void Take(List<ApiSample> samples, ApiSample sample, ApiOptions options)
    {
        if (sample.Round <= 0) return;
        samples.Add(sample);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{sample.Round}/{options.Rounds} {sample.Work}, HTTP/{sample.Http}, {sample.Server}: {sample.CpuMicroseconds:0.0} us CPU, {sample.PerSecond:#,0}/s, p99 {sample.P99Ms:0.0} ms, server {sample.ServerBusy:0%}, client {sample.ClientBusy:0%}, {sample.Failures} failures"));
    }
}
