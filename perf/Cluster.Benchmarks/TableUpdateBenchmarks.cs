using BenchmarkDotNet.Attributes;
using Cluster.Dataplane.Services;

namespace Cluster.Benchmarks;

/// <summary>One backend of one service goes or comes, published. Microseconds and a few kB, whatever the size of the table.</summary>
[MemoryDiagnoser]
public class TableUpdateBenchmarks
{
    private readonly Backend[][] _backends = [Tables.Backends(10, 7), Tables.Backends(9, 7)];
    private readonly ServicePort _port = Tables.Port(7);
    private ServiceDirectory _directory = null!;
    private int _turn;

    [Params(10, 10_000)]
    public int Services { get; set; }

    [GlobalSetup]
    public void Setup() => _directory = Tables.Of(Services, 10);

    [Benchmark]
    [AllocationBudget(8 * 1024)]
    public int ChangeOneBackend()
    {
        _directory.Set(_port, _backends[++_turn & 1]);
        return _directory.Publish().Count;
    }
}
