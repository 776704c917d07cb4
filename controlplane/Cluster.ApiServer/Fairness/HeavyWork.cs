namespace Cluster.ApiServer.Fairness;

/// <summary>
/// Work that keeps a core for long, such as the first encoding of some thousand objects: it has threads of its own and few of them, so that the system
/// shares the cores between it and the short requests, which never wait for its end.
/// </summary>
internal static class HeavyWork
{
    private static readonly SemaphoreSlim Free = new(Math.Max(1, Environment.ProcessorCount - 1));

    /// <summary>Does the work when its turn comes.</summary>
    /// <param name="work">It is not interrupted once it has begun.</param>
    /// <param name="cancellationToken">Ends the wait for its turn.</param>
    public static async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await Free.WaitAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(work, cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        }
        finally
        {
            Free.Release();
        }
    }
}
