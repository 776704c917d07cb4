namespace Cluster.Dataplane.Udp.Managed;

/// <summary>Lets loops work, or has all of them rest: what comes meanwhile waits in the kernel. Any thread; two interlocked additions a turn.</summary>
internal sealed class RestGate
{
    private TaskCompletionSource? _resting;
    private int _working;

    /// <summary>True: the caller may work, and calls <see cref="Exit"/> after it. False: it waits for <see cref="Opened"/> and asks again.</summary>
    public bool TryEnter()
    {
        // Counted first, and with a full fence: whoever closes the gate either is seen here or sees this one at work.
        Interlocked.Increment(ref _working);
        if (Volatile.Read(ref _resting) is null) return true;
        Exit();
        return false;
    }

    public void Exit() => Interlocked.Decrement(ref _working);

    /// <summary>Completes when the gate opens; at once where it is open.</summary>
    public Task Opened => Volatile.Read(ref _resting)?.Task ?? Task.CompletedTask;

    /// <summary>Closes the gate, and returns when nobody is at work any more: after a turn of a loop, which waits for nothing.</summary>
    public void Close()
    {
        Interlocked.CompareExchange(ref _resting, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);
        SpinWait.SpinUntil(() => Volatile.Read(ref _working) == 0);
    }

    public void Open() => Interlocked.Exchange(ref _resting, null)?.SetResult();
}
