namespace Cluster.Client;

/// <summary>Delays that double from a base to a cap, each spread by jitter so that many clients do not come back at once.</summary>
/// <remarks>Not safe for concurrent use: each loop has its own.</remarks>
public sealed class Backoff(TimeSpan first, TimeSpan cap, Random? random = null)
{
    /// <summary>A delay is stretched by up to this fraction of itself.</summary>
    private const double Jitter = 0.5;

    private readonly Random _random = random ?? Random.Shared;
    private TimeSpan? _next;

    public TimeSpan Next()
    {
        var delay = _next ?? first;
        _next = delay * 2 < cap ? delay * 2 : cap;
        return delay * (1 + (_random.NextDouble() * Jitter));
    }

    public void Reset() => _next = null;
}
