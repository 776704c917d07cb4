namespace Cluster.Kubelet.Streaming.Spdy;

/// <summary>
/// How much may be sent before the client says that it took some. Counts from the start, but holds nobody up until the client shows that
/// it takes part: kubectl's library never does, and would be waited for in vain.
/// </summary>
internal sealed class SendWindow
{
    /// <summary>Of a stream and of the session, unless the client says otherwise.</summary>
    public const int InitialBytes = 64 * 1024;

    private readonly Lock sync = new();
    private TaskCompletionSource? waiter;
    private long rest = InitialBytes;
    private bool enforced;
    private bool released;

    /// <summary>Takes up to so many bytes, waiting until there is at least one.</summary>
    public async ValueTask<int> TakeAsync(int wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (sync)
            {
                if (!enforced || released || rest > 0)
                {
                    var taken = !enforced || released ? wanted : (int)Math.Min(wanted, rest);
                    rest -= taken;
                    return taken;
                }

                waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = waiter.Task;
            }

            await wait.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The client took so many bytes; negative where it makes its window smaller.</summary>
    public void Add(long bytes) => Change(() => rest += bytes);

    public void Enforce() => Change(() => enforced = true);

    /// <summary>Nobody waits any more: the stream or the session is over.</summary>
    public void Release() => Change(() => released = true);

    private void Change(Action change)
    {
        TaskCompletionSource? woken;
        lock (sync)
        {
            change();
            (woken, waiter) = (waiter, null);
        }

        woken?.TrySetResult();
    }
}
