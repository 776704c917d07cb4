using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Cluster.ApiServer.Hosting;

/// <summary>What the server tells about its requests, under Kubernetes' names.</summary>
internal static class ServerMetrics
{
    public static readonly Meter Meter = new("Cluster.ApiServer");

    private static readonly Counter<long> Requests =
        Meter.CreateCounter<long>("apiserver_request_total", description: "Requests by verb, resource and response code.");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "apiserver_request_duration_seconds",
        unit: "s",
        description: "Time to answer, of requests that are no watch or stream.",
        tags: null,
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
        });

    private static readonly UpDownCounter<long> InFlight =
        Meter.CreateUpDownCounter<long>("apiserver_current_inflight_requests", description: "Requests being answered now.");

    private static readonly UpDownCounter<long> LongRunning =
        Meter.CreateUpDownCounter<long>("apiserver_longrunning_requests", description: "Watches and streams open now.");

    /// <summary>Made once for each combination: their number is bounded, as that of resources is.</summary>
    private static readonly ConcurrentDictionary<(RequestLabels Labels, int Code), KeyValuePair<string, object?>[]> Tags = new();

    public static void Started(bool longRunning) => (longRunning ? LongRunning : InFlight).Add(1);

    public static void Ended(in RequestLabels labels, int code, double seconds)
    {
        (labels.LongRunning ? LongRunning : InFlight).Add(-1);
        var tags = Tags.GetOrAdd((labels.Key, code), static key => Make(key.Labels, key.Code));
        Requests.Add(1, tags);
        if (!labels.LongRunning)
            Durations.Record(seconds, tags.AsSpan(1));
    }

    // In the order of Kubernetes' own text; the code comes first, for the durations are told without it.
    private static KeyValuePair<string, object?>[] Make(in RequestLabels labels, int code) =>
    [
        new("code", code.ToString(CultureInfo.InvariantCulture)), new("component", "apiserver"), new("dry_run", labels.DryRun), new("group", labels.Group),
        new("resource", labels.Resource), new("scope", labels.Scope), new("subresource", labels.Subresource), new("verb", labels.Verb),
        new("version", labels.Version),
    ];
}
