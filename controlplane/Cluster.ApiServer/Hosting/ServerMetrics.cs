using System.Diagnostics;
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

    public static void Started(bool longRunning) => (longRunning ? LongRunning : InFlight).Add(1);

    public static void Ended(in RequestLabels labels, int code, double seconds)
    {
        (labels.LongRunning ? LongRunning : InFlight).Add(-1);
        var tags = new TagList
        {
            { "code", code.ToString(CultureInfo.InvariantCulture) },
            { "group", labels.Group },
            { "resource", labels.Resource },
            { "subresource", labels.Subresource },
            { "verb", labels.Verb },
        };
        Requests.Add(1, tags);
        if (labels.LongRunning)
            return;
        tags.RemoveAt(0);
        Durations.Record(seconds, tags);
    }
}
