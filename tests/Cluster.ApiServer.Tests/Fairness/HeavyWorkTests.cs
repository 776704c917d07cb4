using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Fairness;

namespace Cluster.ApiServer.Tests.Fairness;

public sealed class HeavyWorkTests : IDisposable
{
    private static readonly UserIdentity Greedy = new("greedy", ["system:authenticated"]);

    private readonly HeavyWork _work = new(threads: 1);
    private readonly SemaphoreSlim _ends = new(0);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _ends.Dispose();

    [Theory]
    [InlineData("kubernetes-admin", "system:masters")]
    [InlineData("system:node:a", "system:nodes")]
    [InlineData("system:kube-scheduler", "system:authenticated")]
    public async Task Run_OfAnAdministratorOrAComponent_DoesNotWaitForOthers(string user, string group)
    {
        var others = Enumerable.Range(0, 5).Select(_ => RunAsync(Greedy)).ToList();

        Assert.Equal("done", await _work.RunAsync(new UserIdentity(user, [group]), _ => "done", Cancel));

        Assert.DoesNotContain(others, task => task.IsCompleted);
        _ends.Release(5);
        await Task.WhenAll(others);
    }

    [Fact]
    public async Task Run_OfSeveralUsers_TakesTurns()
    {
        var order = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var first = RunAsync(Greedy);
        var greedy = Enumerable.Range(0, 5).Select(_ => NoteAsync(Greedy)).ToList();
        var modest = NoteAsync(new UserIdentity("modest", ["system:authenticated"]));
        _ends.Release();
        await Task.WhenAll([first, modest, .. greedy]);

        Assert.Contains("modest", order.Take(2));

        Task NoteAsync(UserIdentity user) => _work.RunAsync(
            user,
            _ =>
            {
                order.Enqueue(user.Name);
                return true;
            },
            Cancel);
    }

    [Fact]
    public async Task Run_ThatNobodyWaitsForAnyMore_EndsAndGivesItsThreadToTheNext()
    {
        using var left = new CancellationTokenSource();
        using var begun = new SemaphoreSlim(0);
        var abandoned = _work.RunAsync(
            Greedy,
            ended =>
            {
                begun.Release();
                ended.WaitHandle.WaitOne();
                ended.ThrowIfCancellationRequested();
                return "";
            },
            left.Token);
        var waiting = _work.RunAsync(Greedy, _ => "", left.Token);
        var next = _work.RunAsync(Greedy, _ => "next", Cancel);
        await begun.WaitAsync(Cancel);
        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal("next", await next);
    }

    private Task<string> RunAsync(UserIdentity user) => _work.RunAsync(
        user,
        ended =>
        {
            _ends.Wait(ended);
            return "";
        },
        Cancel);
}
