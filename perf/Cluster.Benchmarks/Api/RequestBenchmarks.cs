using BenchmarkDotNet.Attributes;

namespace Cluster.Benchmarks.Api;

/// <summary>
/// Requests of the API server from the first middleware to the last byte of the answer, over the embedded store, without Kestrel: authentication,
/// RBAC, admission, validation, managedFields, store, cache. What the harness makes for a request is counted too (about 4 kB).
/// </summary>
[MemoryDiagnoser]
public class RequestBenchmarks
{
    private const int Listed = 500;

    private InProcessApi _api = null!;
    private int _created;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _api = await InProcessApi.StartAsync();
        for (int i = 0; i < Listed; i++) await SendAsync("POST", InProcessApi.Pods, InProcessApi.Pod($"listed-{i}"), 201);
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _api.DisposeAsync();

    [Benchmark]
    [AllocationBudget(16 * 1024)]
    public Task Get() => SendAsync("GET", InProcessApi.Pods + "/listed-5", null, 200);

    [Benchmark]
    [AllocationBudget(64 * 1024)]
    public Task Create() => SendAsync("POST", InProcessApi.Pods, InProcessApi.Pod($"created-{Interlocked.Increment(ref _created)}"), 201);

    /// <summary>500 pods.</summary>
    [Benchmark]
    [AllocationBudget(64 * 1024)]
    public Task List() => SendAsync("GET", InProcessApi.Pods, null, 200);

    private async Task SendAsync(string method, string path, byte[]? body, int expected)
    {
        int code = await _api.SendAsync(method, path, body);
        if (code != expected) throw new InvalidOperationException($"{method} {path}: {code}");
    }
}
