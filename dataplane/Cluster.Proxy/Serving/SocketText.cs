using Cluster.Dataplane.SocketLb;

namespace Cluster.Proxy.Serving;

/// <summary>Writes what the connect-time path counted for each service port in the Prometheus text format; those that were never used are left out.</summary>
internal static class SocketText
{
    public static void AddTo(PrometheusText text, SocketLoadBalancer? sockets)
    {
        var counters = sockets?.Counters() ?? [];
        Append(text, counters, "dataplane_socket_connections", "gauge", "Sockets connected to a backend from the start that live", counted => counted.Sockets.Active);
        Append(text, counters, "dataplane_socket_connections_total", "counter", "Sockets connected to a backend from the start", counted => counted.Sockets.Opened);
        Append(text, counters, "dataplane_socket_connect_failures_total", "counter", "TCP sockets led to a backend that did not take the connection", counted => counted.Sockets.Failed);
        Append(text, counters, "dataplane_socket_refused_total", "counter", "Connections and datagrams refused for want of a backend", counted => counted.Refused);
        Append(text, counters, "dataplane_socket_udp_flows_total", "counter", "Flows of unconnected UDP sockets that were given a backend", counted => counted.Flows);
    }

    private static void Append(PrometheusText text, IReadOnlyList<ServiceCounters> counters, string name, string type, string help, Func<ServiceCounters, long> value)
    {
        text.Family(name, type, help);
        foreach (var counted in counters)
            if (counted.Sockets != default || counted.Refused + counted.Flows > 0) text.Sample(name, PrometheusText.Labels(counted.Id), value(counted));
    }
}
