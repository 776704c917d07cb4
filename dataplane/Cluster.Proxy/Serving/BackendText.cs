using System.Globalization;
using System.Text;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Serving;

/// <summary>Writes what is known of each service port's backends in the Prometheus text format; those that were never used are left out.</summary>
/// <remarks>Read from the table in force while relays go on counting: no lock, nothing kept.</remarks>
internal static class BackendText
{
    public static string Of(ServiceTable table)
    {
        var text = new StringBuilder();
        Append(text, table, "dataplane_backend_connections", "gauge", "Connections and sessions that a backend has from this node", state => state.Active);
        Append(text, table, "dataplane_backend_connections_total", "counter", "Connections and sessions given to a backend", state => state.Given);
        Append(text, table, "dataplane_backend_connect_failures_total", "counter", "Connections given to a backend that it did not take", state => state.Failures);
        return text.ToString();
    }

    private static void Append(StringBuilder text, ServiceTable table, string name, string type, string help, Func<BackendState, long> value)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
        foreach (var entry in table.Entries)
        {
            foreach (var backend in entry.Backends)
            {
                if (backend.State.Given == 0) continue;
                // Names and addresses hold nothing that would need escaping.
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{name}{{service=\"{entry.Port.Id.Name}\",protocol=\"{Name(entry.Port.Id.Protocol)}\",backend=\"{backend.Address}\"}} {value(backend.State)}\n");
            }
        }
    }

    private static string Name(ServiceProtocol protocol) => protocol == ServiceProtocol.Tcp ? "TCP" : "UDP";
}
