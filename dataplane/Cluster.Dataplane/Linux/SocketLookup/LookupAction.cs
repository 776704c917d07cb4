namespace Cluster.Dataplane.Linux.SocketLookup;

/// <summary>What becomes of packets to a place that is allowed.</summary>
internal enum LookupAction : uint
{
    /// <summary>The socket bound there gets them.</summary>
    OwnSocket = 1,

    /// <summary>One of the listeners gets the connection, or the receiver the datagram.</summary>
    Shared = 2,
}
