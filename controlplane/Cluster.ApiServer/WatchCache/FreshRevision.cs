using Cluster.Storage;

namespace Cluster.ApiServer.WatchCache;

/// <summary>The store's newest revision, asked once for all readers that come at the same time.</summary>
/// <remarks>
/// A question already under way may have been answered before a reader came and so miss a write acknowledged in between: a reader joins
/// the question after it. So at most one is under way and one is waiting, however many readers there are.
/// </remarks>
internal sealed class FreshRevision(IStore store)
{
    private readonly Lock _lock = new();
    private Task<long> _running = Task.FromResult(0L);
    private Task<long>? _waiting;

    public Task<long> GetAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_waiting is { } waiting)
                return waiting.WaitAsync(cancellationToken);

            if (!_running.IsCompleted)
                return (_waiting = AskAfterLocked(_running)).WaitAsync(cancellationToken);

            _running = store.GetRevisionAsync(CancellationToken.None).AsTask();
            return _running.IsCompleted ? _running : _running.WaitAsync(cancellationToken);
        }
    }

    // Called under the lock; runs on after it.
    private async Task<long> AskAfterLocked(Task<long> before)
    {
        await ((Task)before).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Task<long> question;
        lock (_lock)
        {
            _waiting = null;
            _running = question = store.GetRevisionAsync(CancellationToken.None).AsTask();
        }

        return await question;
    }
}
