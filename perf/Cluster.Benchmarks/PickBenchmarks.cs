using BenchmarkDotNet.Attributes;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Benchmarks;

/// <summary>Choosing a backend in a table of 10,000 services, from the table to the answer, by each policy.</summary>
[MemoryDiagnoser]
public class PickBenchmarks
{
    private const int Services = 10_000;
    private readonly PickContext _context = new(TrafficScope.Internal, new ClientAddress(0, 42));
    private ServiceDirectory _directory = null!;
    private int _slot;

    public static IEnumerable<string> Policies => [.. BalancingPolicies.BuiltIn(TimeProvider.System).Names, "client-ip affinity", "zone preference"];

    [ParamsSource(nameof(Policies))]
    public string Policy { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _directory = Tables.Of(Services, 10);
        ServicePort port = Policy switch
        {
            "client-ip affinity" => Tables.Port(Services, affinity: TimeSpan.FromHours(3)),
            "zone preference" => Tables.Port(Services, zone: "a"),
            _ => Tables.Port(Services, policy: Policy),
        };
        _directory.Set(port, Tables.Backends(10, Services));
        _directory.Publish();
        _slot = _directory.Find(port.Id)!.Slot;
    }

    [Benchmark]
    [AllocationBudget(0)]
    public Backend? Pick() => _directory.Current[_slot]!.Pick(_context);
}
