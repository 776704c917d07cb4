using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp;

/// <summary>
/// When a connection is ended so that its client makes another: it has reached its age, or its backend has too many, and nothing is under way.
/// </summary>
/// <remarks>
/// A relay of bytes knows no requests. What comes nearest to their end: the backend spoke last, both sides are silent since, and both have
/// acknowledged everything. A request that is on its way at that very moment is lost, as with any server that ends idle connections.
/// </remarks>
internal static class QuietEnd
{
    /// <summary>How often connections that may be ended are looked at.</summary>
    public const int LookMs = 100;

    /// <summary>Silence since the backend's last byte: longer than the gaps within an answer, shorter than a client that works leaves between two.</summary>
    public const int SilenceMs = 20;

    /// <summary>How long both sides have to end in their turn before they are closed.</summary>
    public const int PatienceMs = 5000;

    /// <summary>The age at which a connection may be ended; 0: none. Up to a tenth earlier, so that those that came together do not go together.</summary>
    public static long EndAfter(ServicePort port, long now) =>
        port.MaxConnectionAge <= TimeSpan.Zero ? 0 : now + (long)(port.MaxConnectionAge.TotalMilliseconds * (1 - Random.Shared.NextDouble() / 10));

    public static bool AsksFor(ServicePort port) => port.Rebalance || port.MaxConnectionAge > TimeSpan.Zero;
}
