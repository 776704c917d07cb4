using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Cluster.ApiServer.Hosting;

/// <summary>What the server tells about its requests, under Kubernetes' names.</summary>
internal static class ServerMetrics
{
    private const string Component = "apiserver";

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
        Meter.CreateUpDownCounter<long>("apiserver_current_inflight_requests", description: "Requests being answered now, by kind.");

    private static readonly UpDownCounter<long> LongRunning =
        Meter.CreateUpDownCounter<long>("apiserver_longrunning_requests", description: "Watches and streams open now, by verb and resource.");

    /// <summary>Made once for each combination: their number is bounded, as that of resources is.</summary>
    private static readonly ConcurrentDictionary<(RequestLabels Labels, int Code), KeyValuePair<string, object?>[]> Tags = new();

    /// <summary>Of what is open, by what it is: what a metric of now is told by does not know how it will end.</summary>
    private static readonly ConcurrentDictionary<RequestLabels, KeyValuePair<string, object?>[]> OpenTags = new();

    private static readonly KeyValuePair<string, object?> ReadOnly = new("request_kind", "readOnly");
    private static readonly KeyValuePair<string, object?> Mutating = new("request_kind", "mutating");

    public static void Started(in RequestLabels labels) => Count(labels, 1);

    public static void Ended(in RequestLabels labels, int code, double seconds)
    {
        Count(labels, -1);
        var tags = Tags.GetOrAdd((labels.Key, code), static key => Make(key.Labels, key.Code));
        Requests.Add(1, tags);
        if (!labels.LongRunning)
            Durations.Record(seconds, tags.AsSpan(1));
    }

    private static void Count(in RequestLabels labels, int change)
    {
        if (labels.LongRunning)
            LongRunning.Add(change, OpenTags.GetOrAdd(labels.Key, static key => MakeOpen(key)));
        else
            InFlight.Add(change, labels.ReadsOnly ? ReadOnly : Mutating);
    }

    private static KeyValuePair<string, object?>[] MakeOpen(in RequestLabels labels) =>
    [
        new("component", Component), new("group", labels.Group), new("resource", labels.Resource), new("scope", labels.Scope),
        new("subresource", labels.Subresource), new("verb", labels.Verb), new("version", labels.Version),
    ];

    // In the order of Kubernetes' own text; the code comes first, for the durations are told without it.
    private static KeyValuePair<string, object?>[] Make(in RequestLabels labels, int code) =>
    [
        new("code", code.ToString(CultureInfo.InvariantCulture)), new("component", Component), new("dry_run", labels.DryRun), new("group", labels.Group),
        new("resource", labels.Resource), new("scope", labels.Scope), new("subresource", labels.Subresource), new("verb", labels.Verb),
        new("version", labels.Version),
    ];
}
