using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Measuring;

/// <summary>All works, in the order of the report.</summary>
internal static class Works
{
    public static IReadOnlyList<Work> All { get; } =
    [
        new ThroughputWork("keep-alive", "requests over 32 open connections", "requests/s", Transport.Tcp, (loop, target) => new KeepAliveLoad(loop, target, 32)),
        new ThroughputWork("connection", "a connection per request, 16 at a time", "connections/s", Transport.Tcp, (loop, target) => new ConnectionLoad(loop, target, 16)),
        new ThroughputWork("bulk", "bulk from the backend, 4 connections", "MB/s", Transport.Tcp, (loop, target) => new BulkLoad(loop, target, 4), 1e6, "MB"),
        new LatencyWork(),
        new IdleWork(),
        new ThroughputWork("udp-echo", "UDP request and response, 32 clients", "round trips/s", Transport.Udp, (loop, target) => new UdpEchoLoad(loop, target, 32)),
        new ThroughputWork("udp-one-way", "UDP one way, 16 clients", "packets/s", Transport.Udp, (loop, target) => new UdpOneWayLoad(loop, target, 16)),
    ];
}
