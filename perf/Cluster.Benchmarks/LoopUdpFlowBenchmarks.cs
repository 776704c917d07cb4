using System.Net;
using BenchmarkDotNet.Attributes;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Udp;
using Cluster.Dataplane.Udp.Linux;

namespace Cluster.Benchmarks;

/// <summary>Finding a datagram's flow among 4,000 by its client, and noting its use, on the loop path.</summary>
[MemoryDiagnoser]
public class LoopUdpFlowBenchmarks
{
    private const int Flows = 4000;

    private readonly ServiceDirectory _directory = Tables.Of(1, 1);
    private Epoll _epoll = null!;
    private LoopFlows _flows = null!;
    private UdpListener _listener = null!;
    private FlowKey _key;

    [GlobalSetup]
    public void Setup()
    {
        _epoll = new Epoll(16);
        _flows = new LoopFlows(_epoll, new UdpRelayOptions(), Flows, Flows, new UdpCounts(), _directory.Sources);
        ServiceEntry entry = _directory.Current[0]!;
        _listener = new UdpListener(1, -1, new Frontend(entry.Port.Id, 0, IPAddress.Loopback, 1, TrafficScope.Internal));
        // One-way flows are kept as sessions are, but without a socket each.
        for (int number = 0; number < Flows; number++) _flows.Open(_listener, Key(number), UdpMode.OneWay, entry.Backends[0], entry);
        _key = Key(Flows / 2);
    }

    [GlobalCleanup]
    public void Cleanup() => _epoll.Dispose();

    [Benchmark]
    [AllocationBudget(0)]
    public bool Find()
    {
        if (_flows.Find(_key) is not { } flow) return false;
        _flows.Now++;
        _flows.Touch(flow);
        return true;
    }

    private FlowKey Key(int number) => new(new ClientAddress(0, 42), 0, (ushort)(1000 + number), _listener.Id, default);
}
