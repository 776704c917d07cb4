using Cluster.Api.CoordinationV1;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Client.Tests.Leadership;

public sealed class LeaderElectorTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly FakeApiClient _api = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    [Fact]
    public async Task RunAsync_NoLease_TakesIt()
    {
        var elector = Start("one", _stop.Token);

        await Eventually.True(() => elector.IsLeader);

        var lease = _api.Find<Lease>("kube-system", "test")!;
        Assert.Equal("one", lease.Spec.HolderIdentity);
        Assert.Equal(15, lease.Spec.LeaseDurationSeconds);
    }

    [Fact]
    public async Task RunAsync_TwoCandidates_OneLeadsAndReleaseHandsOver()
    {
        using var stopFirst = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var first = Start("one", stopFirst.Token);
        await Eventually.True(() => first.IsLeader);
        var second = Start("two", _stop.Token);
        await AdvanceAsync(20);
        Assert.True(first.IsLeader);
        Assert.False(second.IsLeader);

        await stopFirst.CancelAsync();

        await AdvanceUntilAsync(() => second.IsLeader);
        Assert.Equal(1, _api.Find<Lease>("kube-system", "test")!.Spec.LeaseTransitions);
    }

    [Fact]
    public async Task RunAsync_HolderGone_TakesOverOnlyAfterTheLeaseDuration()
    {
        _api.Seed(new Lease
        {
            Metadata = new() { Namespace = "kube-system", Name = "test" },
            Spec = new() { HolderIdentity = "dead", LeaseDurationSeconds = 15 },
        });
        var elector = Start("one", _stop.Token);
        await Eventually.True(() => _api.Requests.Count > 0);
        await AdvanceAsync(14);
        Assert.False(elector.IsLeader);

        await AdvanceUntilAsync(() => elector.IsLeader);
    }

    [Fact]
    public async Task RunAsync_CannotRenew_StopsWorkBeforeTheLeaseEnds()
    {
        var working = 0;
        var elector = Start("one", _stop.Token, async token =>
        {
            Interlocked.Increment(ref working);
            await Task.Delay(Timeout.Infinite, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Decrement(ref working);
        });
        await Eventually.True(() => working == 1);
        var failedAt = _time.GetUtcNow();
        _api.Fault = _ => new HttpRequestException("away");

        await AdvanceUntilAsync(() => working == 0);

        Assert.InRange((_time.GetUtcNow() - failedAt).TotalSeconds, 8, 15);
    }

    [Fact]
    public async Task RunAsync_LeaseStolen_StopsLeading()
    {
        var elector = Start("one", _stop.Token);
        await Eventually.True(() => elector.IsLeader);

        _api.Change<Lease>("kube-system", "test", lease => lease.Spec.HolderIdentity = "thief");

        await AdvanceUntilAsync(() => !elector.IsLeader);
        Assert.Equal("thief", _api.Find<Lease>("kube-system", "test")!.Spec.HolderIdentity);
    }

    [Fact]
    public async Task RunAsync_WorkFails_BeginsAgainAfterAPause()
    {
        var terms = 0;
        Start("one", _stop.Token, _ =>
        {
            Interlocked.Increment(ref terms);
            throw new InvalidOperationException("bug");
        });
        await Eventually.True(() => terms == 1);
        await Task.Delay(50);
        Assert.Equal(1, terms);

        await AdvanceUntilAsync(() => terms >= 3);
    }

    private LeaderElector Start(string identity, CancellationToken stop, Func<CancellationToken, Task>? lead = null)
    {
        var elector = new LeaderElector(_api, new() { Name = "test", Identity = identity }, NullLogger.Instance, _time);
        _running.Add(elector.RunAsync(lead ?? (token => Task.Delay(Timeout.Infinite, token)), stop));
        return elector;
    }

    private async Task AdvanceAsync(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            await StepAsync();
        }
    }

    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 120 && !condition(); i++)
        {
            await StepAsync();
        }

        Assert.True(condition());
    }

    /// <summary>A second of fake time, and a moment of real time for what it woke.</summary>
    private async Task StepAsync()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.Delay(10);
    }
}
