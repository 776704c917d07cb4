namespace Cluster.Client;

/// <summary>The rate limiters of Kubernetes' controllers.</summary>
public static class RateLimiters
{
    /// <summary>Per item 5 ms doubling to 1000 s, and over all items 10 a second after a burst of 100.</summary>
    public static IRateLimiter<TKey> Default<TKey>(TimeProvider time)
        where TKey : notnull =>
        new MaxOfRateLimiter<TKey>(
            new ItemExponentialRateLimiter<TKey>(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(1000)),
            new BucketRateLimiter<TKey>(10, 100, time));
}
