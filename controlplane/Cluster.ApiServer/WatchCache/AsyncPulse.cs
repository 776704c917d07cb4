namespace Cluster.ApiServer.WatchCache;

/// <summary>Wakes everyone who waits, each time. Safe for any number of waiters and pulsers; free while nobody waits.</summary>
/// <remarks>
/// A waiter takes <see cref="Next"/> first, then looks at what it waits for, then awaits; a pulser changes that first, then pulses. Both
/// sides pass a full fence in between, so that a change is seen by the look or by the await.
/// </remarks>
internal sealed class AsyncPulse
{
    private TaskCompletionSource? _next;

    /// <summary>Completes at the next pulse.</summary>
    public Task Next
    {
        get
        {
            var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return (Interlocked.CompareExchange(ref _next, fresh, null) ?? fresh).Task;
        }
    }

    public void Pulse() => Interlocked.Exchange(ref _next, null)?.TrySetResult();
}
