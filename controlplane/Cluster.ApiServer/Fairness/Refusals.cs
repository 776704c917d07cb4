namespace Cluster.ApiServer.Fairness;

/// <summary>
/// Tells refusals slowly: a client that asks again as soon as it was refused would have the server do little else. Who waits as it was told, or asks
/// once, loses nothing.
/// </summary>
/// <remarks>A refusal that is held costs memory and no time; beyond <see cref="MostHeld"/> they are told at once.</remarks>
/// <param name="freeASecond">So many are not held.</param>
/// <param name="time">The clock.</param>
internal sealed class Refusals(int freeASecond, TimeProvider time)
{
    /// <summary>A request that waits keeps some kilobytes.</summary>
    private const int MostHeld = 4096;

    /// <summary>As long as the refused are told to wait, at least.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Not all at the same time: hundreds that were refused together would come again together.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private long _second;
    private int _inSecond;
    private int _held;

    /// <summary>Returns when the refusal may be told.</summary>
    /// <param name="cancellationToken">The request's own end.</param>
    public async ValueTask HoldAsync(CancellationToken cancellationToken)
    {
        if (IsFree())
            return;
        try
        {
            if (Interlocked.Increment(ref _held) <= MostHeld)
                await Task.Delay(Shortest + (Longest - Shortest) * Random.Shared.NextDouble(), time, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _held);
        }
    }

    // Two that come in the first moment of a second may both begin it: then some more are free.
    private bool IsFree()
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        if (Interlocked.Exchange(ref _second, second) != second)
            Volatile.Write(ref _inSecond, 0);
        return Interlocked.Increment(ref _inSecond) <= freeASecond;
    }
}
