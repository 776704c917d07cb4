using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;

namespace Cluster.Proxy.Serving;

/// <summary>Writes what is known of each service port's backends, over all paths, in the Prometheus text format; those that were never used are left out.</summary>
/// <remarks>Read from the table in force while relays and the kernel go on counting: nothing is kept.</remarks>
internal static class BackendText
{
    public static void AddTo(PrometheusText text, ServiceDirectory directory, SocketLoadBalancer? sockets)
    {
        var used = Used(directory.Current, sockets);
        Append(text, used, "dataplane_backend_connections", "gauge", "Connections and sessions that a backend has from this node", line => line.Active);
        Append(text, used, "dataplane_backend_connections_total", "counter", "Connections and sessions given to a backend", line => line.Given);
        Append(text, used, "dataplane_backend_connect_failures_total", "counter", "Connections given to a backend that it did not take", line => line.Failures);
        Append(text, Draining(directory, used), "dataplane_backend_draining_connections", "gauge", "Connections and sessions of a backend that is given no new ones", line => line.Active);
        text.Family("dataplane_backend_bytes_total", "counter", "Bytes that relays received for a backend and from it; what the kernel passes by itself is not in it");
        foreach (var line in used)
        {
            text.Sample("dataplane_backend_bytes_total", $"{line.Labels},direction=\"to_backend\"", line.Backend.State.BytesToBackend);
            text.Sample("dataplane_backend_bytes_total", $"{line.Labels},direction=\"to_client\"", line.Backend.State.BytesToClient);
        }
    }

    // Those on their way out, and those that have left the table: one line for all that have had the same address, for so they are told apart.
    private static List<Line> Draining(ServiceDirectory directory, List<Line> used)
    {
        var gone = directory.Gone().Select(gone => new Line(gone.Id, gone.Backend, gone.Backend.State.Active, gone.Backend.State.Given, gone.Backend.State.Failures));
        return
        [
            .. used.Where(line => line.Backend.Health != BackendHealth.Ready && line.Active > 0)
                .Concat(gone)
                .GroupBy(line => line.Labels)
                .Select(same => same.First() with { Active = same.Sum(line => line.Active) }),
        ];
    }

    private static List<Line> Used(ServiceTable table, SocketLoadBalancer? sockets)
    {
        var used = new List<Line>();
        foreach (var entry in table.Entries)
        {
            foreach (var backend in entry.Backends)
            {
                var state = backend.State;
                var counted = sockets?.Counters(entry.Port.Id, backend) ?? default;
                var line = new Line(
                    entry.Port.Id, backend, state.Active + counted.Active, state.Given + counted.Opened + counted.Failed, state.Failures + counted.Failed);
                if (line.Given > 0) used.Add(line);
            }
        }

        return used;
    }

    private static void Append(PrometheusText text, List<Line> used, string name, string type, string help, Func<Line, long> value)
    {
        text.Family(name, type, help);
        foreach (var line in used) text.Sample(name, line.Labels, value(line));
    }

    private sealed record Line(ServicePortId Id, Backend Backend, long Active, long Given, long Failures)
    {
        public string Labels { get; } = $"{PrometheusText.Labels(Id)},backend=\"{Backend.Address}\"";
    }
}
