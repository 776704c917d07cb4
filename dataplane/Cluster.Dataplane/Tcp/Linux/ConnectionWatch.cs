using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Has an epoll instance watch the sockets of a connection. False where the kernel refuses.</summary>
internal static class ConnectionWatch
{
    public static bool WatchClient(this Epoll epoll, LoopConnection connection) =>
        epoll.Add(connection.Client, LoopConnection.Interest, LoopEventData.OfConnection(connection, backend: false));

    public static bool WatchBackend(this Epoll epoll, LoopConnection connection) =>
        epoll.Add(connection.BackendSocket, LoopConnection.Interest, LoopEventData.OfConnection(connection, backend: true));
}
