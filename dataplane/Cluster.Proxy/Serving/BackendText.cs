using System.Globalization;
using System.Text;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;

namespace Cluster.Proxy.Serving;

/// <summary>Writes what is known of each service port's backends, over all paths, in the Prometheus text format; those that were never used are left out.</summary>
/// <remarks>Read from the table in force while relays and the kernel go on counting: nothing is kept.</remarks>
internal static class BackendText
{
    public static string Of(ServiceTable table, SocketLoadBalancer? sockets)
    {
        var used = Used(table, sockets);
        var text = new StringBuilder();
        Append(text, used, "dataplane_backend_connections", "gauge", "Connections and sessions that a backend has from this node", line => line.Active);
        Append(text, used, "dataplane_backend_connections_total", "counter", "Connections and sessions given to a backend", line => line.Given);
        Append(text, used, "dataplane_backend_connect_failures_total", "counter", "Connections given to a backend that it did not take", line => line.Failures);
        return text.ToString();
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

    private static void Append(StringBuilder text, List<Line> used, string name, string type, string help, Func<Line, long> value)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
        foreach (var line in used)
        {
            // Names and addresses hold nothing that would need escaping.
            text.Append(
                CultureInfo.InvariantCulture,
                $"{name}{{service=\"{line.Id.Name}\",protocol=\"{Name(line.Id.Protocol)}\",backend=\"{line.Backend.Address}\"}} {value(line)}\n");
        }
    }

    private static string Name(ServiceProtocol protocol) => protocol == ServiceProtocol.Tcp ? "TCP" : "UDP";

    private readonly record struct Line(ServicePortId Id, Backend Backend, long Active, long Given, long Failures);
}
