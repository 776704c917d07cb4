namespace Cluster.Client;

/// <summary>A token bucket over all items: so many at once, then so many a second.</summary>
public sealed class BucketRateLimiter<TKey>(double perSecond, int burst, TimeProvider time) : IRateLimiter<TKey>
{
    private readonly Lock _lock = new();
    private double _tokens = burst;
    private long _filledAt = time.GetTimestamp();

    public TimeSpan When(TKey key)
    {
        lock (_lock)
        {
            FillLocked();

            // A debt of tokens is the queue of those already told to wait.
            _tokens--;
            return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / perSecond);
        }
    }

    /// <summary>Takes a token if there is one now; takes nothing otherwise.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            FillLocked();
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }

    public void Forget(TKey key)
    {
    }

    public int Retries(TKey key) => 0;

    private void FillLocked()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * perSecond));
        _filledAt = now;
    }
}
