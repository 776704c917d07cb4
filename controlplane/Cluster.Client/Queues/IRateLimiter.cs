namespace Cluster.Client;

/// <summary>Says how long an item that failed waits before its next try. Safe for concurrent use.</summary>
public interface IRateLimiter<in TKey>
{
    /// <summary>The delay from now; each call counts as a failure.</summary>
    TimeSpan When(TKey key);

    /// <summary>The item succeeded or was given up: its failures are forgotten.</summary>
    void Forget(TKey key);

    /// <summary>Failures since the last <see cref="Forget"/>.</summary>
    int Retries(TKey key);
}
