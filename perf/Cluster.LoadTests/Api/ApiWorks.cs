using System.Diagnostics;
using System.Net;

namespace Cluster.LoadTests.Api;

/// <summary>The loads of the works, the same requests for either server.</summary>
internal sealed class ApiWorks(ApiStage stage, ApiOptions options)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private long _created;

    /// <summary>A load of requests.</summary>
    public Task<LoadOutcome> RequestAsync(MeasuredServer server, ApiWork work, Version http, TimeSpan duration, int creates) => work.Name switch
    {
        "create" => CreateAsync(server, http, creates),
        "get" => RepeatAsync(server, http, duration, options.Concurrency, number => server.Request(HttpMethod.Get, $"{ApiStage.Listed}/{Pods.Name("listed", number % options.Listed)}", http)),
        "list" => RepeatAsync(server, http, duration, 1, _ => server.Request(HttpMethod.Get, ApiStage.Listed, http)),
        _ => RepeatAsync(server, http, duration, 1, _ => server.Request(HttpMethod.Get, ApiStage.Listed, http, accept: ApiStage.Protobuf)),
    };

    /// <summary>Removes what creates have made; the bare endpoint has made nothing.</summary>
    public Task ClearAsync() => stage.Api.SendAsync(HttpMethod.Delete, ApiStage.Created);

    /// <summary>Changes as fast as they are answered.</summary>
    public async Task<LoadOutcome> FloodAsync(MeasuredServer server, WatchCrowd crowd, int changes)
    {
        long before = crowd.Events, left = changes;
        LoadOutcome made = await RequestLoad.RunAsync(
            server.Shared(HttpVersion.Version20), options.Concurrency, () => Interlocked.Decrement(ref left) >= 0 ? Change(server) : null);
        return await OutcomeAsync(crowd, before, made);
    }

    /// <summary>Changes at a fixed rate.</summary>
    public async Task<LoadOutcome> PaceAsync(MeasuredServer server, WatchCrowd crowd, TimeSpan duration)
    {
        long before = crowd.Events, began = Stopwatch.GetTimestamp();
        var interval = TimeSpan.FromSeconds(1 / options.Rate);
        List<Task<LoadOutcome>> changes = [];
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            HttpRequestMessage? next = Change(server);
            changes.Add(RequestLoad.RunAsync(server.Shared(HttpVersion.Version20), 1, () => Interlocked.Exchange(ref next, null)));
            TimeSpan wait = interval * changes.Count - Stopwatch.GetElapsedTime(began);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
        }

        LoadOutcome[] made = await Task.WhenAll(changes);
        return await OutcomeAsync(crowd, before, new LoadOutcome(made.Sum(one => one.Operations), made.Sum(one => one.Failures), []));
    }

    private async Task<LoadOutcome> OutcomeAsync(WatchCrowd crowd, long before, LoadOutcome made)
    {
        if (made.Failures > 0) throw new InvalidOperationException($"{made.Failures} changes were refused");
        long expected = made.Operations * options.Watchers;
        await crowd.WaitAsync(before + expected, Patience);
        long came = crowd.Events - before;
        return new LoadOutcome(came, Math.Max(0, expected - came), []);
    }

    private HttpRequestMessage Change(MeasuredServer server)
    {
        (string path, byte[] body) = stage.NextChange();
        return server.Request(HttpMethod.Put, path, HttpVersion.Version20, body);
    }

    private Task<LoadOutcome> CreateAsync(MeasuredServer server, Version http, int count)
    {
        long left = count;
        return RequestLoad.RunAsync(
            server.Shared(http), options.Concurrency,
            () => Interlocked.Decrement(ref left) >= 0 ? server.Request(HttpMethod.Post, ApiStage.Created, http, Pods.Json(Pods.Name("created", Interlocked.Increment(ref _created)))) : null);
    }

    private static Task<LoadOutcome> RepeatAsync(MeasuredServer server, Version http, TimeSpan duration, int concurrency, Func<long, HttpRequestMessage> request)
    {
        long began = Stopwatch.GetTimestamp(), next = -1;
        return RequestLoad.RunAsync(server.Shared(http), concurrency, () => Stopwatch.GetElapsedTime(began) < duration ? request(Interlocked.Increment(ref next)) : null);
    }
}
