namespace Cluster.Storage.Etcd;

/// <summary>Reads of the cluster's revision, shared by the readers that wait at the same time.</summary>
/// <remarks>
/// A reader may not take the answer of a request that was sent before it asked: a write acknowledged in between would be missing. So it
/// shares the request after the one under way.
/// </remarks>
internal sealed class SharedRevisionRead(Func<Task<long>> read)
{
    private readonly Lock _gate = new();
    private Task<long>? _running;
    private Task<long>? _next;

    public Task<long> ReadAsync()
    {
        lock (_gate)
        {
            if (_running is null or { IsCompleted: true })
                return _running = read();
            return _next ??= AfterAsync(_running);
        }
    }

    private async Task<long> AfterAsync(Task<long> running)
    {
        await running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        Task<long> mine;
        lock (_gate)
        {
            _next = null;
            mine = _running = read();
        }

        return await mine;
    }
}
