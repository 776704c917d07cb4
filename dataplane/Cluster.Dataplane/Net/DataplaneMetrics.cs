using System.Diagnostics.Metrics;

namespace Cluster.Dataplane.Net;

/// <summary>What the data plane counts. Without tags on the hot paths, so that counting allocates nothing.</summary>
public static class DataplaneMetrics
{
    public const string MeterName = "Cluster.Dataplane";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Makes the instruments, so that an exporter shows them before the first connection.</summary>
    internal static void Register() => _ = UdpInstruments.Length;

    internal static readonly Counter<long> TcpAccepted = Meter.CreateCounter<long>("dataplane_tcp_connections_total", description: "TCP connections accepted");
    internal static readonly UpDownCounter<long> TcpActive = Meter.CreateUpDownCounter<long>("dataplane_tcp_connections", description: "TCP connections being served");
    internal static readonly Counter<long> TcpConnectFailures = Meter.CreateCounter<long>("dataplane_tcp_connect_failures_total", description: "Attempts to connect to a backend that failed");
    internal static readonly Counter<long> BackendsBoxed = Meter.CreateCounter<long>("dataplane_backends_boxed_total", description: "Times a backend was left out of balancing because it did not take connections");
    internal static readonly Counter<long> TcpRebalanced = Meter.CreateCounter<long>("dataplane_tcp_rebalanced_total", description: "TCP connections ended in order because their backend had more than its share");
    internal static readonly Counter<long> TcpAged = Meter.CreateCounter<long>("dataplane_tcp_aged_total", description: "TCP connections ended in order because of their age");
    internal static readonly Counter<long> TcpReplays = Meter.CreateCounter<long>("dataplane_tcp_replays_total", description: "TCP connections whose unanswered first bytes went to another backend");
    internal static readonly Counter<long> TcpRefused = Meter.CreateCounter<long>("dataplane_tcp_refused_total", description: "TCP connections reset because no backend could be reached");
    internal static readonly Counter<long> SourceRefused = Meter.CreateCounter<long>("dataplane_source_refused_total", description: "TCP connections and UDP datagrams to load balancer addresses from outside of the service's source ranges");
    internal static readonly Counter<long> LimitRefused = Meter.CreateCounter<long>("dataplane_limit_refused_total", description: "Connections and sessions refused because their service holds as many as it may");
    internal static readonly Counter<long> TcpResets = Meter.CreateCounter<long>("dataplane_tcp_resets_total", description: "TCP connections that ended in a reset from either side");
    internal static readonly Counter<long> TcpIdle = Meter.CreateCounter<long>("dataplane_tcp_idle_total", description: "TCP connections reset because both sides were silent for the idle time-out");
    internal static readonly Counter<long> TcpShed = Meter.CreateCounter<long>("dataplane_tcp_shed_total", description: "Silent TCP connections reset to make room for new ones");
    internal static readonly Counter<long> AcceptPauses = Meter.CreateCounter<long>("dataplane_accept_pauses_total", description: "Times accepting stopped for lack of descriptors");

    private static readonly Lock UdpLock = new();
    private static readonly List<UdpCounts> UdpSources = [];
    private static readonly UdpCounts UdpPast = new();

    // Instruments that are read live in fields for as long as the meter does.
    private static readonly Instrument[] UdpInstruments =
    [
        Meter.CreateObservableCounter("dataplane_udp_sessions_total", () => SumUdp().Opened, description: "UDP sessions opened"),
        Meter.CreateObservableUpDownCounter("dataplane_udp_sessions", () => OpenUdpSessions(), description: "UDP sessions being served"),
        Meter.CreateObservableCounter("dataplane_udp_sessions_evicted_total", () => SumUdp().Evicted, description: "UDP sessions closed to make room for newer ones"),
        Meter.CreateObservableCounter("dataplane_udp_datagrams_dropped_total", () => SumUdp().Dropped, description: "Datagrams that could not be passed on"),
        Meter.CreateObservableCounter("dataplane_udp_unanswered_total", () => SumUdp().Unanswered, description: "Datagrams of services balanced per datagram that got no answer in time"),
        Meter.CreateObservableCounter("dataplane_udp_datagrams_to_backends_total", () => SumUdp().ToBackends, description: "Datagrams passed to backends"),
        Meter.CreateObservableCounter("dataplane_udp_datagrams_to_clients_total", () => SumUdp().ToClients, description: "Datagrams passed to clients"),
    ];

    /// <summary>Counts of a new loop or relay, which are in every sum from now on.</summary>
    internal static UdpCounts AddUdp()
    {
        var counts = new UdpCounts();
        lock (UdpLock) UdpSources.Add(counts);
        return counts;
    }

    /// <summary>Keeps what a loop or relay that has ended counted: sums never go back.</summary>
    internal static void RetireUdp(UdpCounts counts)
    {
        lock (UdpLock)
            if (UdpSources.Remove(counts)) UdpPast.Add(counts);
    }

    /// <summary>All counts of UDP, of the process's whole life.</summary>
    internal static UdpCounts SumUdp()
    {
        var sum = new UdpCounts();
        lock (UdpLock)
        {
            sum.Add(UdpPast);
            foreach (var counts in UdpSources) sum.Add(counts);
        }

        return sum;
    }

    private static long OpenUdpSessions()
    {
        var sum = SumUdp();
        return sum.Opened - sum.Closed;
    }
}
