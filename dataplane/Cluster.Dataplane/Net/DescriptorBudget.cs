namespace Cluster.Dataplane.Net;

/// <summary>How many sessions and connections the process's file descriptors allow.</summary>
/// <param name="UdpSessions">One descriptor each.</param>
/// <param name="TcpConnections">Two descriptors each.</param>
public readonly record struct DescriptorBudget(int UdpSessions, int TcpConnections)
{
    /// <summary>
    /// 40% of the limit for UDP sessions and 40% for TCP connections (two descriptors each); the fifth that is left holds listeners, the
    /// runtime's own files and the connections that wait to be admitted.
    /// </summary>
    public static DescriptorBudget Of(long openFileLimit)
    {
        var share = (int)Math.Clamp(openFileLimit * 4 / 10, 16, 1_000_000);
        return new DescriptorBudget(share, share / 2);
    }
}
