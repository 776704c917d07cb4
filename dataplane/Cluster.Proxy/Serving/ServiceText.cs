using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Serving;

/// <summary>Writes what relays counted of each service port in the Prometheus text format; those that were never used are left out.</summary>
internal static class ServiceText
{
    private static readonly (DropReason Reason, string Name)[] Reasons =
    [
        (DropReason.NoBackend, "no_backend"),
        (DropReason.ConnectFailed, "connect_failed"),
        (DropReason.SourceRefused, "source_refused"),
        (DropReason.Limit, "limit"),
        (DropReason.Exhausted, "exhausted"),
        (DropReason.Idle, "idle"),
        (DropReason.Shed, "shed"),
    ];

    public static void AddTo(PrometheusText text, ServiceTable table)
    {
        var used = new List<(string Labels, ServiceTraffic Traffic)>();
        foreach (var entry in table.Entries)
            if (entry.State.TrafficOrNull is { } traffic) used.Add((PrometheusText.Labels(entry.Port.Id), traffic));

        text.Family("dataplane_connect_duration_seconds", "histogram", "Time from dialling a backend to its answer, of TCP connections that relays made");
        foreach (var (labels, traffic) in used) text.Histogram("dataplane_connect_duration_seconds", labels, traffic.ConnectTimes.Snapshot());
        text.Family("dataplane_connect_retries_total", "counter", "Times a TCP connection was given to another backend because one did not take it");
        foreach (var (labels, traffic) in used) text.Sample("dataplane_connect_retries_total", labels, traffic.Retries);
        text.Family("dataplane_dropped_total", "counter", "TCP connections reset and UDP datagrams thrown away by relays, by reason");
        foreach (var (labels, traffic) in used)
            foreach (var (reason, name) in Reasons)
                if (traffic.Drops(reason) is var drops and > 0) text.Sample("dataplane_dropped_total", $"{labels},reason=\"{name}\"", drops);
    }
}
