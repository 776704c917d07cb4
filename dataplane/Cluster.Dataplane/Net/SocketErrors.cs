using System.Net.Sockets;

namespace Cluster.Dataplane.Net;

/// <summary>What the runtime's socket errors say about whose fault they are.</summary>
internal static class SocketErrors
{
    /// <summary>The process or the system has nothing left to open sockets with: nothing is known of the peer.</summary>
    public static bool IsExhausted(this SocketError error) => error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    /// <summary>What went wrong is this node's, and nothing is known of the peer.</summary>
    public static bool IsOwn(this SocketError error) => error.IsExhausted() || error.IsOutOfPorts();

    /// <summary>No local address is left to reach the peer from, most often because all local ports towards it are used: nothing is known of the peer.</summary>
    public static bool IsOutOfPorts(this SocketError error) => error is SocketError.AddressNotAvailable;
}
