namespace Cluster.Dataplane.Net;

/// <summary>How many sockets of each kind the process's file descriptors allow.</summary>
/// <remarks>
/// The bounds are kept so that the limit is never met: the runtime needs a descriptor to start a thread and ends the process where it
/// gets none, so running out is not something to recover from but something to stay away from.
/// <para>Where two relays serve a protocol, the loops and the managed path, each has half (<see cref="Services.IRelay.Halve"/>).</para>
/// </remarks>
/// <param name="UdpSessions">One descriptor each.</param>
/// <param name="TcpConnections">Two descriptors each.</param>
/// <param name="Frontends">One descriptor each.</param>
public readonly record struct DescriptorBudget(int UdpSessions, int TcpConnections, int Frontends)
{
    /// <summary>40% of the limit for UDP sessions, 40% for TCP connections, 15% for frontends; the runtime has what is left.</summary>
    public static DescriptorBudget Of(long openFileLimit)
    {
        var limit = Math.Clamp(openFileLimit, 64, 2_000_000);
        return new DescriptorBudget((int)(limit * 40 / 100), (int)(limit * 40 / 100) / 2, (int)(limit * 15 / 100));
    }
}
