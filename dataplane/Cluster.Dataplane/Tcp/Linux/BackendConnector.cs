using System.Diagnostics;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Brings a loop's connections to a backend: picks, dials without waiting, and goes on to the next where one does not answer.</summary>
/// <remarks>
/// No byte has been passed before, so another backend may be tried as if the first had never been picked: every one once, within a budget
/// of time. Used by its loop's thread alone.
/// </remarks>
/// <param name="directory">Read anew for each attempt.</param>
/// <param name="options">How long attempts may take.</param>
/// <param name="setup">Prepares the sockets.</param>
/// <param name="epoll">Tells how an attempt went.</param>
/// <param name="exhausted">There is nothing left to open sockets with: makes room, and rests from accepting.</param>
internal sealed class BackendConnector(
    ServiceDirectory directory, TcpRelayOptions options, SocketSetup setup, Epoll epoll, Action exhausted)
{
    /// <summary>Those of a burst; what a larger one needs is not kept for the next.</summary>
    private const int DialsKept = 256;

    private readonly ConnectingSet _connecting = new();
    private readonly Stack<DialState> _free = new();
    private readonly int[] _stepsMs = [.. options.ConnectTimeouts.Select(step => (int)step.TotalMilliseconds)];
    private readonly int _budgetMs = (int)options.ConnectBudget.TotalMilliseconds;

    /// <summary>Connections that wait for a backend's answer.</summary>
    public int Waiting => _connecting.Count;

    /// <summary>Dials a backend for a new connection; false where there is none.</summary>
    public bool Connect(LoopConnection connection, long now)
    {
        connection.Dial = _free.TryPop(out DialState? dial) ? dial : new DialState();
        connection.Dial.ConnectBy = now + _budgetMs;
        return ConnectNext(connection, failed: null, now);
    }

    /// <summary>The backend did not answer the dial: dials the next; false where there is none left to try.</summary>
    public bool Retry(LoopConnection connection, long now)
    {
        DataplaneMetrics.TcpConnectFailures.Add(1);
        return ConnectNext(connection, Abandon(connection, isFailure: true), now);
    }

    /// <summary>The backend ended before it had answered a byte: dials the next; false where there is none left to try.</summary>
    /// <param name="isFailure">The backend is to blame.</param>
    public bool Replay(LoopConnection connection, bool isFailure, long now)
    {
        connection.Dial!.ConnectBy = now + _budgetMs;
        return ConnectNext(connection, Abandon(connection, isFailure), now);
    }

    /// <summary>Retries where a backend took too long.</summary>
    /// <param name="heard">Whoever had answered by then has been heard.</param>
    /// <param name="now">The loop's clock.</param>
    /// <param name="refused">Told of each connection no backend is left for.</param>
    public void GiveUpSlow(long heard, long now, Action<LoopConnection> refused)
    {
        // From the end: retrying may remove a connection, and the one that takes its place has been looked at.
        for (int i = _connecting.Count - 1; i >= 0; i--)
            if (i < _connecting.Count && _connecting[i] is { } slow && slow.Time <= heard && !Retry(slow, now)) refused(slow);
    }

    /// <summary>The connection waits no more: its backend has answered, or it has ended.</summary>
    public void Forget(LoopConnection connection)
    {
        connection.IsConnecting = false;
        _connecting.Remove(connection);
    }

    /// <summary>The connection goes to no other backend any more.</summary>
    public void Arrived(LoopConnection connection)
    {
        Forget(connection);
        if (connection.Dial is not { } dial) return;
        connection.Dial = null;
        dial.Tried?.Clear();
        if (_free.Count < DialsKept) _free.Push(dial);
    }

    /// <summary>The backend has shown that it answers.</summary>
    public void Answered(LoopConnection connection, ServiceEntry entry)
    {
        if (connection.Backend is { } backend) directory.Box.Answered(entry, backend);
    }

    /// <summary>True where there is another backend to go on to.</summary>
    public bool HasAnother(LoopConnection connection) =>
        connection.Backend is { } backend && EntryOf(connection) is { } entry && entry.HasAnother(ContextOf(connection, failed: null), backend);

    /// <summary>What the connection's frontend stands for in the table in force; null where it is gone.</summary>
    public ServiceEntry? EntryOf(LoopConnection connection)
    {
        ServiceEntry? entry = directory.Current[connection.Listener!.Frontend.Slot];
        return entry is not null && entry.Port.Id == connection.Listener.Frontend.Id ? entry : null;
    }

    /// <summary>The process or the system has nothing left to open sockets with.</summary>
    public static bool IsExhausted(int error) => Shortage.Is(error) || error == Errno.ENOSPC;

    private bool ConnectNext(LoopConnection connection, Backend? failed, long now)
    {
        DropReason refusal = DropReason.NoBackend;
        bool lacksPorts = false;
        // The table is read anew for each attempt: a backend that failed has often just left it.
        DialState dial = connection.Dial!;
        while (now < dial.ConnectBy && EntryOf(connection) is { } entry)
        {
            PickContext context = ContextOf(connection, failed);
            Backend? backend = entry.Pick(context, out refusal);
            if (backend is null) break;
            if (failed is not null) entry.State.Traffic.Retried();
            connection.Time = entry.HasAnother(context, backend) ? Math.Min(now + StepMs(dial), dial.ConnectBy) : dial.ConnectBy;
            int error = TryConnect(connection, entry, backend);
            if (error == 0) return true;
            if (IsExhausted(error))
            {
                // No fault of the backend's, and the next would fare no better.
                refusal = DropReason.Exhausted;
                break;
            }

            failed = backend;
            if (error == Errno.EADDRNOTAVAIL)
            {
                // No fault of the backend's either: local ports are used up towards this one, and the next has its own.
                lacksPorts = true;
                Leave(connection, backend);
                continue;
            }

            DataplaneMetrics.TcpConnectFailures.Add(1);
            Blame(connection, backend);
        }

        DataplaneMetrics.TcpRefused.Add(1);
        if (refusal == DropReason.NoBackend && failed is not null) refusal = lacksPorts ? DropReason.Exhausted : DropReason.ConnectFailed;
        EntryOf(connection)?.Refused(refusal);
        return false;
    }

    private static PickContext ContextOf(LoopConnection connection, Backend? failed) =>
        new(connection.Listener!.Frontend.Scope, connection.ClientAddress, failed, connection.Dial?.Tried is { Count: > 0 } tried ? tried : null);

    private int StepMs(DialState dial) => _stepsMs[Math.Min(dial.Tried?.Count ?? 0, _stepsMs.Length - 1)];

    // Closes the attempt, or what became of it, and returns the backend it was for.
    private Backend? Abandon(LoopConnection connection, bool isFailure)
    {
        SocketCalls.Close(connection.BackendSocket);
        connection.BackendSocket = -1;
        Backend? failed = connection.Backend;
        if (failed is not null && isFailure) Blame(connection, failed);
        else if (failed is not null) Leave(connection, failed);
        connection.LeaveBackend();
        return failed;
    }

    private static void Leave(LoopConnection connection, Backend backend) => (connection.Dial!.Tried ??= new TriedBackends()).Add(backend);

    private void Blame(LoopConnection connection, Backend backend)
    {
        Leave(connection, backend);
        backend.State.Failed();
        if (EntryOf(connection) is { } entry) directory.Box.Failed(entry, backend);
    }

    // 0, or the error number by which the kernel refused to begin.
    private int TryConnect(LoopConnection connection, ServiceEntry entry, Backend backend)
    {
        int socket = OpenSocket(backend);
        if (socket < 0) return SocketCalls.Error;

        connection.Dial!.DialledAt = Stopwatch.GetTimestamp();
        setup.ToBackend(socket, backend);
        // Where the kernel refuses, the backend sees the node.
        if (directory.Sources.Keeps(entry.Port, connection.Listener!.Frontend.Scope, connection.ClientAddress, backend))
            SocketCalls.BindTransparent(socket, connection.ClientAddress);
        if ((SocketCalls.Connect(socket, backend) != 0 && SocketCalls.Error != Errno.EINPROGRESS)
            || !epoll.Add(socket, LoopConnection.Interest, LoopEventData.OfConnection(connection, backend: true)))
        {
            int error = SocketCalls.Error;
            SocketCalls.Close(socket);
            backend.State.Opened();
            backend.State.Closed();
            return error;
        }

        connection.BackendSocket = socket;
        connection.Backend = backend;
        backend.State.Opened();
        // Connected at once or not, the first event says so: one way through for both.
        connection.IsConnecting = true;
        _connecting.Add(connection);
        return 0;
    }

    private int OpenSocket(Backend backend)
    {
        int socket = SocketCalls.OpenTcp(backend.Address.AddressFamily);
        if (socket >= 0 || !IsExhausted(SocketCalls.Error)) return socket;
        exhausted();
        return SocketCalls.OpenTcp(backend.Address.AddressFamily);
    }
}
