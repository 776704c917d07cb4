namespace Cluster.Client;

/// <summary>The longest of several delays.</summary>
public sealed class MaxOfRateLimiter<TKey>(params IReadOnlyList<IRateLimiter<TKey>> limiters) : IRateLimiter<TKey>
{
    public TimeSpan When(TKey key)
    {
        var longest = TimeSpan.Zero;
        foreach (var limiter in limiters)
        {
            var delay = limiter.When(key);
            longest = delay > longest ? delay : longest;
        }

        return longest;
    }

    public void Forget(TKey key)
    {
        foreach (var limiter in limiters)
        {
            limiter.Forget(key);
        }
    }

    public int Retries(TKey key) => limiters.Max(limiter => limiter.Retries(key));
}
