using System.Diagnostics;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Brings a loop's connections to a backend: picks, dials without waiting, and goes on to the next where one does not answer.</summary>
/// <remarks>No byte has been passed before, so another backend may be tried as if the first had never been picked. Used by its loop's thread alone.</remarks>
/// <param name="directory">Read anew for each attempt.</param>
/// <param name="options">How long each attempt may take.</param>
/// <param name="setup">Prepares the sockets.</param>
/// <param name="epoll">Tells how an attempt went.</param>
/// <param name="gate">Closed where there is nothing left to open sockets with.</param>
/// <param name="exhausted">Makes room and closes the gate.</param>
internal sealed class BackendConnector(
    ServiceDirectory directory, TcpRelayOptions options, SocketSetup setup, Epoll epoll, AcceptGate gate, Action exhausted)
{
    private readonly ConnectingSet _connecting = new();

    /// <summary>Connections that wait for a backend's answer.</summary>
    public int Waiting => _connecting.Count;

    /// <summary>Dials the next backend; false where there is none left to try.</summary>
    public bool ConnectNext(LoopConnection connection, Backend? failed, long now)
    {
        while (connection.Attempts < options.ConnectTimeouts.Count)
        {
            // The table is read anew for each attempt: a backend that failed has often just left it.
            if (EntryOf(connection) is not { } entry) break;
            Backend? backend = entry.Pick(new PickContext(connection.Listener!.Frontend.Scope, connection.ClientAddress, failed));
            if (backend is null) break;
            if (failed is not null) entry.State.Traffic.Retried();
            connection.Time = now + (long)options.ConnectTimeouts[connection.Attempts++].TotalMilliseconds;
            if (TryConnect(connection, entry, backend)) return true;
            // Out of descriptors: no fault of the backend's, and the next would fare no better.
            if (!gate.IsOpen) break;
            DataplaneMetrics.TcpConnectFailures.Add(1);
            failed = backend;
        }

        DataplaneMetrics.TcpRefused.Add(1);
        EntryOf(connection)?.State.Traffic.Dropped(connection.Attempts == 0 ? DropReason.NoBackend : DropReason.ConnectFailed);
        return false;
    }

    /// <summary>The backend did not answer: dials the next; false where there is none left to try.</summary>
    public bool Retry(LoopConnection connection, long now)
    {
        DataplaneMetrics.TcpConnectFailures.Add(1);
        SocketCalls.Close(connection.BackendSocket);
        connection.BackendSocket = -1;
        Backend? failed = connection.Backend;
        failed?.State.Failed();
        connection.LeaveBackend();
        return ConnectNext(connection, failed, now);
    }

    /// <summary>Retries where a backend took too long.</summary>
    /// <param name="refused">Told of each connection no backend is left for.</param>
    public void GiveUpSlow(long now, Action<LoopConnection> refused)
    {
        // From the end: retrying may remove a connection, and the one that takes its place has been looked at.
        for (int i = _connecting.Count - 1; i >= 0; i--)
            if (i < _connecting.Count && _connecting[i] is { } slow && slow.Time <= now && !Retry(slow, now)) refused(slow);
    }

    /// <summary>The connection waits no more: its backend has answered, or it has ended.</summary>
    public void Forget(LoopConnection connection)
    {
        connection.IsConnecting = false;
        _connecting.Remove(connection);
    }

    /// <summary>What the connection's frontend stands for in the table in force; null where it is gone.</summary>
    public ServiceEntry? EntryOf(LoopConnection connection)
    {
        ServiceEntry? entry = directory.Current[connection.Listener!.Frontend.Slot];
        return entry is not null && entry.Port.Id == connection.Listener.Frontend.Id ? entry : null;
    }

    private bool TryConnect(LoopConnection connection, ServiceEntry entry, Backend backend)
    {
        int socket = OpenSocket(backend);
        if (socket < 0) return false;

        connection.DialledAt = Stopwatch.GetTimestamp();
        setup.ToBackend(socket, backend);
        // Where the kernel refuses, the backend sees the node.
        if (directory.Sources.Keeps(entry.Port, connection.Listener!.Frontend.Scope, connection.ClientAddress, backend))
            SocketCalls.BindTransparent(socket, connection.ClientAddress);
        if ((SocketCalls.Connect(socket, backend.SocketAddress) != 0 && SocketCalls.Error != Errno.EINPROGRESS)
            || !epoll.Add(socket, LoopConnection.Interest, LoopEventData.OfConnection(connection, backend: true)))
        {
            SocketCalls.Close(socket);
            backend.State.Opened();
            backend.State.Failed();
            backend.State.Closed();
            return false;
        }

        connection.BackendSocket = socket;
        connection.Backend = backend;
        backend.State.Opened();
        // Connected at once or not, the first event says so: one way through for both.
        connection.IsConnecting = true;
        _connecting.Add(connection);
        return true;
    }

    private int OpenSocket(Backend backend)
    {
        int socket = SocketCalls.OpenTcp(backend.Address.AddressFamily);
        if (socket >= 0 || !IsExhausted(SocketCalls.Error)) return socket;
        exhausted();
        return SocketCalls.OpenTcp(backend.Address.AddressFamily);
    }

    /// <summary>The process or the system has nothing left to open sockets with.</summary>
    public static bool IsExhausted(int error) => error is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM;
}
