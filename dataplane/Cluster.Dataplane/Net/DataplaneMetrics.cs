using System.Diagnostics.Metrics;

namespace Cluster.Dataplane.Net;

/// <summary>What the data plane counts. Without tags on the hot paths, so that counting allocates nothing.</summary>
public static class DataplaneMetrics
{
    public const string MeterName = "Cluster.Dataplane";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Makes the instruments, so that an exporter shows them before the first connection.</summary>
    internal static void Register() => _ = Meter.Name;

    internal static readonly Counter<long> TcpAccepted = Meter.CreateCounter<long>("dataplane_tcp_connections_total", description: "TCP connections accepted");
    internal static readonly UpDownCounter<long> TcpActive = Meter.CreateUpDownCounter<long>("dataplane_tcp_connections", description: "TCP connections being served");
    internal static readonly Counter<long> TcpConnectFailures = Meter.CreateCounter<long>("dataplane_tcp_connect_failures_total", description: "Attempts to connect to a backend that failed");
    internal static readonly Counter<long> TcpRefused = Meter.CreateCounter<long>("dataplane_tcp_refused_total", description: "TCP connections reset because no backend could be reached");
    internal static readonly Counter<long> SourceRefused = Meter.CreateCounter<long>("dataplane_source_refused_total", description: "TCP connections and UDP datagrams to load balancer addresses from outside of the service's source ranges");
    internal static readonly Counter<long> TcpResets = Meter.CreateCounter<long>("dataplane_tcp_resets_total", description: "TCP connections that ended in a reset from either side");
    internal static readonly Counter<long> TcpIdle = Meter.CreateCounter<long>("dataplane_tcp_idle_total", description: "TCP connections reset because both sides were silent for the idle time-out");
    internal static readonly Counter<long> TcpShed = Meter.CreateCounter<long>("dataplane_tcp_shed_total", description: "Silent TCP connections reset to make room for new ones");
    internal static readonly Counter<long> AcceptPauses = Meter.CreateCounter<long>("dataplane_accept_pauses_total", description: "Times accepting stopped for lack of descriptors");
    internal static readonly Counter<long> UdpSessionsOpened = Meter.CreateCounter<long>("dataplane_udp_sessions_total", description: "UDP sessions opened");
    internal static readonly UpDownCounter<long> UdpSessions = Meter.CreateUpDownCounter<long>("dataplane_udp_sessions", description: "UDP sessions being served");
    internal static readonly Counter<long> UdpEvicted = Meter.CreateCounter<long>("dataplane_udp_sessions_evicted_total", description: "UDP sessions closed to make room for newer ones");
    internal static readonly Counter<long> UdpDropped = Meter.CreateCounter<long>("dataplane_udp_datagrams_dropped_total", description: "Datagrams that could not be passed on");
}
