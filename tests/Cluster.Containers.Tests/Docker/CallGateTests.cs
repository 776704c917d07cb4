using Cluster.Containers.Docker;

namespace Cluster.Containers.Tests.Docker;

public sealed class CallGateTests
{
    [Fact]
    public async Task RunAsync_WithAHungCall_OthersGoOnAndItTimesOut()
    {
        using var gate = new CallGate(2, TimeSpan.FromMilliseconds(200));
        var hung = gate.RunAsync("hang", _ => new TaskCompletionSource<int>().Task, CancellationToken.None);

        for (var call = 0; call < 10; call++) Assert.Equal(call, await gate.RunAsync("quick", _ => Task.FromResult(call), CancellationToken.None));

        var failure = await Assert.ThrowsAsync<RuntimeException>(() => hung);
        Assert.Equal(RuntimeFailure.Timeout, failure.Failure);
    }

    [Fact]
    public async Task RunAsync_WithMoreCallsThanSlots_NeverRunsMoreAtOnce()
    {
        using var gate = new CallGate(3, TimeSpan.FromSeconds(30));
        var running = 0;
        var most = 0;
        async Task<int> Call(CancellationToken token)
        {
            var now = Interlocked.Increment(ref running);
            lock (gate) most = Math.Max(most, now);
            await Task.Yield();
            Interlocked.Decrement(ref running);
            return now;
        }

        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => gate.RunAsync("call", Call, CancellationToken.None)));

        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task RunAsync_WithAnUnreachableEngine_SaysUnavailable()
    {
        using var gate = new CallGate(1, TimeSpan.FromSeconds(30));

        var failure = await Assert.ThrowsAsync<RuntimeException>(
            () => gate.RunAsync<int>("call", _ => throw new HttpRequestException("refused"), CancellationToken.None));

        Assert.Equal(RuntimeFailure.Unavailable, failure.Failure);
    }
}
