using System.Net;
using BenchmarkDotNet.Attributes;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Udp;
using Cluster.Dataplane.Udp.Managed;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Benchmarks;

/// <summary>Finding a datagram's session by what the kernel says of its sender, on the managed path.</summary>
[MemoryDiagnoser]
public class ManagedUdpSessionBenchmarks
{
    private const int Sessions = 4000;

    private readonly ServiceDirectory _directory = Tables.Of(1, 1);
    private readonly SocketAddress _client = new IPEndPoint(IPAddress.Parse("10.1.2.3"), 1000 + (Sessions / 2)).Serialize();
    private UdpRelay _relay = null!;

    [GlobalSetup]
    public void Setup()
    {
        _relay = new UdpRelay(_directory, new UdpRelayOptions(), NullLogger.Instance, TimeProvider.System);
        var entry = _directory.Current[0]!;
        var frontend = new UdpFrontend(_relay, new Frontend(entry.Port.Id, 0, IPAddress.Loopback, 1, TrafficScope.Internal), 0, null!);
        for (var port = 1000; port < 1000 + Sessions; port++)
        {
            var client = new IPEndPoint(IPAddress.Parse("10.1.2.3"), port).Serialize();
            var address = ClientAddress.From(client, out var clientPort);
            _relay.Sessions.Add(new UdpSession(frontend, new UdpSessionKey(address, clientPort, 0), client, entry.Backends[0], TimeSpan.FromMinutes(1), TimeProvider.System));
        }
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _relay.DisposeAsync();

    [Benchmark]
    [AllocationBudget(0)]
    public bool Find()
    {
        var address = ClientAddress.From(_client, out var port);
        return _relay.Sessions.Find(new UdpSessionKey(address, port, 0)) is not null;
    }
}
