namespace Cluster.Client;

/// <summary>Each failure of an item doubles its delay, from a base to a cap.</summary>
public sealed class ItemExponentialRateLimiter<TKey>(TimeSpan first, TimeSpan cap) : IRateLimiter<TKey>
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, int> _failures = [];

    public TimeSpan When(TKey key)
    {
        lock (_lock)
        {
            var failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
            // In double: 2^failures leaves the range of ticks long before anyone stops retrying.
            var ms = first.TotalMilliseconds * Math.Pow(2, failures);
            return ms < cap.TotalMilliseconds ? TimeSpan.FromMilliseconds(ms) : cap;
        }
    }

    public void Forget(TKey key)
    {
        lock (_lock)
        {
            _failures.Remove(key);
        }
    }

    public int Retries(TKey key)
    {
        lock (_lock)
        {
            return _failures.GetValueOrDefault(key);
        }
    }
}
