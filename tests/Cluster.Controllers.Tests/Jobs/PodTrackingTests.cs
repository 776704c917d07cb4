using System.Reflection;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Jobs;

namespace Cluster.Controllers.Tests.Jobs;

public sealed class PodTrackingTests
{
    /// <summary>After a controller's restart, a job of ten thousand ended pods.</summary>
    [Fact]
    public async Task LetGoAsync_OfManyPods_WritesOnlySomeAtOnce()
    {
        var client = DispatchProxy.Create<IApiClient, SlowClient>();
        var pods = Enumerable.Range(0, 500).Select(i => new Pod { Metadata = new() { Namespace = "default", Name = $"p{i}", Finalizers = { PodAccounts.Finalizer } } }).ToList();

        var gone = await new PodTracking(client).LetGoAsync(pods, TestContext.Current.CancellationToken);

        var slow = (SlowClient)(object)client;
        Assert.Equal(pods, gone);
        Assert.Equal(500, slow.Calls);
        Assert.InRange(slow.Most, 1, 32);
    }

    [Fact]
    public async Task LetGoAsync_PodThatFailsEachTime_KeepsNoOtherHeld()
    {
        var client = DispatchProxy.Create<IApiClient, SlowClient>();
        var slow = (SlowClient)(object)client;
        slow.Refused = "p0";
        var pods = Enumerable.Range(0, 500).Select(i => new Pod { Metadata = new() { Namespace = "default", Name = $"p{i}", Finalizers = { PodAccounts.Finalizer } } }).ToList();

        var failure = await Assert.ThrowsAsync<StatusException>(() => new PodTracking(client).LetGoAsync(pods, TestContext.Current.CancellationToken));

        Assert.Equal(("Internal error occurred: p0", 500), (failure.Message, slow.Calls));
    }

    /// <summary>Patches pods, and knows how many it was asked for at once.</summary>
    public class SlowClient : DispatchProxy
    {
        private readonly Lock _lock = new();
        private int _now;

        /// <summary>The pod that it refuses to patch.</summary>
        public string? Refused { get; set; }

        public int Calls { get; private set; }

        public int Most { get; private set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(IApiClient.PatchAsync) ? PatchAsync((string)args![1]!) : throw new NotSupportedException(targetMethod.Name);

        private async Task<Pod> PatchAsync(string name)
        {
            lock (_lock)
            {
                Calls++;
                Most = Math.Max(Most, ++_now);
            }

            await Task.Yield();
            lock (_lock)
            {
                _now--;
            }

            return name == Refused ? throw StatusErrors.InternalError(name) : new Pod();
        }
    }
}
