using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;

namespace Cluster.Proxy.Serving;

/// <summary>Writes what is known of each service port's backends, over all paths, in the Prometheus text format; those that were never used are left out.</summary>
/// <remarks>Read from the table in force while relays and the kernel go on counting: nothing is kept.</remarks>
internal static class BackendText
{
    /// <param name="text">Where to.</param>
    /// <param name="directory">The table.</param>
    /// <param name="sockets">The connect-time path, if there is one.</param>
    /// <param name="earlier">What processes that were taken over from still serve, by labels.</param>
    public static void AddTo(PrometheusText text, ServiceDirectory directory, SocketLoadBalancer? sockets, IReadOnlyDictionary<string, long> earlier)
    {
        var used = Used(directory.Current, sockets);
        Append(text, used, "dataplane_backend_connections", "gauge", "Connections and sessions that a backend has from this node", line => line.Active);
        Append(text, used, "dataplane_backend_connections_total", "counter", "Connections and sessions given to a backend", line => line.Given);
        Append(text, used, "dataplane_backend_connect_failures_total", "counter", "Connections given to a backend that it did not take", line => line.Failures);
        text.Family("dataplane_backend_earlier_connections", "gauge", "Connections and sessions of a backend that processes which were taken over from still serve");
        foreach (var (labels, count) in earlier) text.Sample("dataplane_backend_earlier_connections", labels, count);
        text.Family("dataplane_backend_draining_connections", "gauge", "Connections and sessions of a backend that is given no new ones");
        foreach (var (labels, count) in Draining(directory, used, earlier)) text.Sample("dataplane_backend_draining_connections", labels, count);
        text.Family("dataplane_backend_bytes_total", "counter", "Bytes for a backend and from it; of connections that were led there when they began once they have ended; what the mode nftables translates is not in it");
        foreach (var line in used)
        {
            text.Sample("dataplane_backend_bytes_total", $"{line.Labels},direction=\"to_backend\"", line.ToBackend);
            text.Sample("dataplane_backend_bytes_total", $"{line.Labels},direction=\"to_client\"", line.ToClient);
        }
    }

    public static string Labels(ServicePortId id, Backend backend) => $"{PrometheusText.Labels(id)},backend=\"{backend.Address}\"";

    // Those on their way out, and those that have left the table, here and in earlier processes: one line for all that have had the same
    // address, for so they are told apart.
    private static SortedDictionary<string, long> Draining(ServiceDirectory directory, List<Line> used, IReadOnlyDictionary<string, long> earlier)
    {
        var draining = new SortedDictionary<string, long>(StringComparer.Ordinal);
        void Add(string labels, long count) => draining[labels] = draining.GetValueOrDefault(labels) + count;
        foreach (var line in used.Where(line => line.Backend.Health != BackendHealth.Ready && line.Active > 0)) Add(line.Labels, line.Active);
        foreach (var (id, backend) in directory.Gone()) Add(Labels(id, backend), backend.State.Active);
        if (earlier.Count == 0) return draining;
        var ready = directory.Current.Entries.SelectMany(entry => entry.Backends.ToArray().Where(backend => backend.Health == BackendHealth.Ready).Select(backend => Labels(entry.Port.Id, backend))).ToHashSet();
        foreach (var (labels, count) in earlier.Where(pair => !ready.Contains(pair.Key))) Add(labels, count);
        return draining;
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
                    entry.Port.Id, backend, state.Active + counted.Active, state.Given + counted.Opened + counted.Failed, state.Failures + counted.Failed,
                    state.BytesToBackend + counted.BytesToBackend, state.BytesToClient + counted.BytesToClient);
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

    private sealed record Line(ServicePortId Id, Backend Backend, long Active, long Given, long Failures, long ToBackend, long ToClient)
    {
        public string Labels { get; } = BackendText.Labels(Id, Backend);
    }
}
