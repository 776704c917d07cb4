namespace Cluster.Dataplane.SocketLb;

/// <summary>What became of sockets that were led to a backend: TCP connections and connected UDP sockets.</summary>
/// <param name="Opened">Established; UDP: connected.</param>
/// <param name="Failed">TCP connections that were not established.</param>
/// <param name="Closed">Of those opened, the ones that have ended.</param>
/// <param name="BytesToBackend">What backends had acknowledged of TCP connections that have ended; the end itself may be one more of a connection.</param>
/// <param name="BytesToClient">What clients had received over those, with the same exception.</param>
public readonly record struct SocketCounters(long Opened, long Failed, long Closed, long BytesToBackend, long BytesToClient)
{
    /// <summary>Connections that live.</summary>
    public long Active => Opened - Closed;

    public static SocketCounters operator +(SocketCounters a, SocketCounters b) => new(
        a.Opened + b.Opened, a.Failed + b.Failed, a.Closed + b.Closed, a.BytesToBackend + b.BytesToBackend, a.BytesToClient + b.BytesToClient);

    public static SocketCounters Add(SocketCounters left, SocketCounters right) => left + right;
}
