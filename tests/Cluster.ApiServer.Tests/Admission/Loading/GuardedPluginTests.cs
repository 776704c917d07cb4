using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Admission.Loading;
using Cluster.ApiServer.Authentication;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Admission.Loading;

public sealed class GuardedPluginTests
{
    private static readonly AdmissionRequest ServersOwn = FakeObjects.Create(new Pod { Metadata = new() { Name = "web", Namespace = "shop" } });
    private static readonly AdmissionRequest Request = ServersOwn with { Scope = ServersOwn.Scope with { User = new UserIdentity("jane", []) } };

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task AdmitAsync_PluginThrows_IsA500ThatNamesItAndKeepsItsWords()
    {
        var failure = await Assert.ThrowsAsync<StatusException>(() => AdmitAsync(_ => throw new InvalidOperationException("password 12345")));

        Assert.Equal((500, "Internal error occurred: the admission plug-in \"Stub\" failed; the reason is in the server's log"), (failure.Code, failure.Message));
    }

    [Fact]
    public async Task AdmitAsync_OfWhatTheServerWrites_IsNotAsked()
    {
        var plugin = new GuardedPlugin(new Stub(_ => throw StatusErrors.BadRequest("not so")), TimeSpan.FromSeconds(10), _time, NullLogger.Instance);

        await plugin.AdmitAsync(ServersOwn, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<StatusException>(() => plugin.AdmitAsync(Request, TestContext.Current.CancellationToken).AsTask());
    }

    [Fact]
    public async Task AdmitAsync_PluginRefuses_IsItsRefusal()
    {
        var failure = await Assert.ThrowsAsync<StatusException>(() => AdmitAsync(_ => throw StatusErrors.BadRequest("not so")));

        Assert.Equal((400, "not so"), (failure.Code, failure.Message));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AdmitAsync_PluginTakesTooLong_IsA500ThatNamesIt(bool blocks)
    {
        using var end = new ManualResetEventSlim();
        var begun = new TaskCompletionSource();
        var admitting = AdmitAsync(_ =>
        {
            begun.SetResult();
            if (blocks)
                end.Wait(TestContext.Current.CancellationToken);
            return new ValueTask(new TaskCompletionSource().Task);
        });
        await begun.Task;
        Assert.False(admitting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(10));

        var failure = await Assert.ThrowsAsync<StatusException>(() => admitting);
        end.Set();
        Assert.Equal((500, "Internal error occurred: the admission plug-in \"Stub\" did not decide within 10 s"), (failure.Code, failure.Message));
    }

    [Fact]
    public async Task AdmitAsync_PluginBlocksCallAfterCall_IsAskedNoMore_AndIsAgainWhenItGoesOn()
    {
        using var end = new ManualResetEventSlim();
        var (calls, onPool) = (0, 0);
        var plugin = new GuardedPlugin(
            new Stub(_ =>
            {
                Interlocked.Increment(ref calls);
                if (Thread.CurrentThread.IsThreadPoolThread)
                    Interlocked.Increment(ref onPool);
                end.Wait(TestContext.Current.CancellationToken);
                return default;
            }),
            TimeSpan.FromSeconds(10), _time, NullLogger.Instance);
        var admitted = Enumerable.Range(0, 200).Select(_ => plugin.AdmitAsync(Request, TestContext.Current.CancellationToken).AsTask()).ToList();

        await Eventually.True(() => calls == 128);
        Assert.DoesNotContain(admitted, task => task.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.True(() => admitted.TrueForAll(task => task.IsFaulted));
        Assert.All(admitted, task => Assert.Contains("did not decide within 10 s", task.Exception!.InnerException!.Message, StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<StatusException>(() => plugin.AdmitAsync(Request, TestContext.Current.CancellationToken).AsTask());
        Assert.Contains("has 128 calls under way that are late", refused.Message, StringComparison.Ordinal);
        Assert.Equal(128, calls);
        // Those are for requests.
        Assert.Equal(0, onPool);

        end.Set();
        await Eventually.True(async () =>
        {
            try
            {
                await plugin.AdmitAsync(Request, TestContext.Current.CancellationToken);
                return true;
            }
            catch (StatusException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task AdmitAsync_MoreCallsThanMayBeUnderWay_WaitTheirTurn()
    {
        var end = new TaskCompletionSource();
        var calls = 0;
        var plugin = new GuardedPlugin(
            new Stub(_ =>
            {
                Interlocked.Increment(ref calls);
                return new ValueTask(end.Task);
            }),
            TimeSpan.FromSeconds(10), _time, NullLogger.Instance);
        var admitted = Enumerable.Range(0, 200).Select(_ => plugin.AdmitAsync(Request, TestContext.Current.CancellationToken).AsTask()).ToList();
        await Eventually.True(() => calls == 128);

        end.SetResult();
        await Task.WhenAll(admitted);

        Assert.Equal(200, calls);
    }

    [Fact]
    public async Task AdmitAsync_RequestEnds_EndsToo()
    {
        using var ending = new CancellationTokenSource();
        var admitting = AdmitAsync(stop => new ValueTask(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop)), ending.Token);
        await ending.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => admitting);
    }

    private Task AdmitAsync(Func<CancellationToken, ValueTask> admit, CancellationToken cancellationToken = default) =>
        new GuardedPlugin(new Stub(admit), TimeSpan.FromSeconds(10), _time, NullLogger.Instance).AdmitAsync(Request, cancellationToken).AsTask();

    private sealed class Stub(Func<CancellationToken, ValueTask> admit) : IAdmissionPlugin
    {
        public string Name => "Stub";

        public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => admit(cancellationToken);
    }
}
