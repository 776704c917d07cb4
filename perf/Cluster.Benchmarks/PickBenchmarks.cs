using BenchmarkDotNet.Attributes;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Benchmarks;

/// <summary>Choosing a backend, from the table to the answer. Budget: no allocation.</summary>
[MemoryDiagnoser]
public class PickBenchmarks
{
    private readonly PickContext _context = new(TrafficScope.Internal, new ClientAddress(0, 42));
    private ServiceDirectory _directory = null!;
    private int _roundRobin;
    private int _affinity;

    [Params(1, 10_000)]
    public int Services { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _directory = Tables.Of(Services, 10);
        var affine = Tables.Port(Services, TimeSpan.FromHours(3));
        _directory.Set(affine, Tables.Backends(10, Services));
        _directory.Publish();
        _roundRobin = _directory.Find(Tables.Port(Services / 2).Id)!.Slot;
        _affinity = _directory.Find(affine.Id)!.Slot;
    }

    [Benchmark(Baseline = true)]
    public Backend? RoundRobin() => _directory.Current[_roundRobin]!.Pick(_context);

    [Benchmark]
    public Backend? ClientIpAffinity() => _directory.Current[_affinity]!.Pick(_context);
}
