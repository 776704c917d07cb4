namespace Cluster.Kubelet.Streaming;

/// <summary>Tells when a session has moved no data for too long. Touching it is one write of a number; a timer looks now and then.</summary>
internal sealed class IdleWatch : IDisposable
{
    private readonly TimeProvider time;
    private readonly TimeSpan limit;
    private readonly CancellationTokenSource expired = new();
    private readonly ITimer timer;
    private long last;

    public IdleWatch(TimeSpan limit, TimeProvider time)
    {
        this.time = time;
        this.limit = limit;
        Expired = expired.Token;
        last = time.GetTimestamp();
        timer = time.CreateTimer(_ => Look(), null, limit, Timeout.InfiniteTimeSpan);
    }

    public CancellationToken Expired { get; }

    public void Touch() => Volatile.Write(ref last, time.GetTimestamp());

    public void Dispose()
    {
        timer.Dispose();
        expired.Dispose();
    }

    private void Look()
    {
        var rest = limit - time.GetElapsedTime(Volatile.Read(ref last));
        try
        {
            if (rest <= TimeSpan.Zero) expired.Cancel();
            else timer.Change(rest, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The session ended while the timer was on its way.
        }
    }
}
