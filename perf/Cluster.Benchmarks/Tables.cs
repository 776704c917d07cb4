using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Benchmarks;

/// <summary>Service tables of a given size.</summary>
internal static class Tables
{
    /// <summary>Backends in two zones, of two weights.</summary>
    public static Backend[] Backends(int count, int service = 0) =>
    [
        .. Enumerable.Range(0, count).Select(i => new Backend($"pod-{service}-{i}", new IPEndPoint(new IPAddress([10, (byte)(service >> 8), (byte)service, (byte)(i + 1)]), 8080))
        {
            Zone = i % 2 == 0 ? "a" : "b",
            Weight = 1 + (i % 2),
        }),
    ];

    public static ServicePort Port(int number, TimeSpan affinity = default, string? policy = null, string? zone = null) =>
        new(new ServicePortId($"ns/service-{number}", ServiceProtocol.Tcp), 80)
        {
            VirtualAddresses = [new IPAddress([10, 96, (byte)(number >> 8), (byte)number])],
            AffinityTimeout = affinity,
            Policy = policy,
            PreferredZone = zone,
        };

    public static ServiceDirectory Of(int services, int backends)
    {
        var directory = new ServiceDirectory();
        for (var i = 0; i < services; i++) directory.Set(Port(i), Backends(backends, i));
        directory.Publish();
        return directory;
    }
}
