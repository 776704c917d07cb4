using System.Diagnostics.Metrics;
using Cluster.Api;
using Cluster.ApiServer.Hosting;

namespace Cluster.ApiServer.WatchCache;

/// <summary>What the caches tell about themselves, under Kubernetes' names.</summary>
internal static class CacheMetrics
{
    private static readonly UpDownCounter<long> Watchers =
        ServerMetrics.Meter.CreateUpDownCounter<long>("apiserver_registered_watchers", description: "Watches open now, by resource.");

    private static readonly Counter<long> Received = ServerMetrics.Meter.CreateCounter<long>(
        "apiserver_watch_cache_events_received_total", description: "Changes taken over from the store, by resource.");

    private static readonly Counter<long> Sent = ServerMetrics.Meter.CreateCounter<long>(
        "apiserver_watch_events_total", description: "Events handed to watches, by kind.");

    private static readonly Counter<long> Terminated = ServerMetrics.Meter.CreateCounter<long>(
        "apiserver_terminated_watchers_total", description: "Watches closed because their clients did not keep up, by resource.");

    private static readonly Counter<long> Initializations = ServerMetrics.Meter.CreateCounter<long>(
        "apiserver_watch_cache_initializations_total", description: "Times a cache was loaded from the store, by resource.");

    public static void WatchOpened(string resource) => Watchers.Add(1, Tag(resource));

    public static void WatchClosed(string resource) => Watchers.Add(-1, Tag(resource));

    public static void WatchTerminated(string resource) => Terminated.Add(1, Tag(resource));

    public static void EventsReceived(string resource, int count) => Received.Add(count, Tag(resource));

    public static void EventsSent(ResourceType type, int count) =>
        Sent.Add(count, new("group", type.Group), new("kind", type.Kind), new("version", type.Version));

    public static void Loaded(string resource) => Initializations.Add(1, Tag(resource));

    private static KeyValuePair<string, object?> Tag(string resource) => new("resource", resource);
}
