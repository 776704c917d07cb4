using System.Threading.Channels;

namespace Cluster.Kubelet;

/// <summary>Something happened since the last look: any number of sets wake one waiter once.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> flag = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => flag.Writer.TryWrite(true);

    /// <summary>Waits for a set or for the time to pass; true if it was set. Cancellation ends the wait quietly.</summary>
    public async Task<bool> WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            return await flag.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
