using Cluster.Api;

namespace Cluster.ApiServer.Proxy;

/// <summary>How many upgraded connections may be open at once: each holds a connection on both sides and two buffers.</summary>
internal sealed class SessionLimit(int limit)
{
    private int _open;

    /// <exception cref="StatusException">429.</exception>
    public void Enter()
    {
        if (Interlocked.Increment(ref _open) <= limit)
            return;
        Leave();
        throw StatusErrors.TooManyRequests("too many upgraded connections, please try again later", retryAfterSeconds: 5);
    }

    public void Leave() => Interlocked.Decrement(ref _open);
}
