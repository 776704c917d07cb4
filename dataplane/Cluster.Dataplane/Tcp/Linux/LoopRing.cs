using Cluster.Dataplane.Linux;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Moves connections of a loop from its epoll instance to its io_uring, which passes small messages by fewer system calls, and back.</summary>
/// <remarks>Made, used and disposed by its loop's thread alone.</remarks>
internal sealed class LoopRing : IDisposable
{
    private readonly Epoll _epoll;
    private readonly int _after;
    private readonly Action<LoopConnection> _failed;
    private readonly RingPump _pump;

    private LoopRing(Epoll epoll, RingPump pump, int after, Action<LoopConnection> failed)
    {
        _epoll = epoll;
        _pump = pump;
        _after = after;
        _failed = failed;
    }

    /// <summary>Connections in the ring.</summary>
    public int Count => _pump.Count;

    /// <summary>Something has completed.</summary>
    public bool IsReady { get; private set; }

    /// <summary><see cref="Turn"/> is due.</summary>
    public bool HasWork => IsReady || _pump.HasQueued;

    /// <summary>Null where the kernel has no ring for this thread; the log says why.</summary>
    /// <param name="epoll">The loop's; it tells when there is something to do.</param>
    /// <param name="connections">The loop's, by <see cref="LoopConnection.Index"/>.</param>
    /// <param name="after">Turns with little to pass after which a connection enters.</param>
    /// <param name="failed">Ends a connection that has left because a socket failed, or because it was to be reset.</param>
    /// <param name="logger">Told where there is none.</param>
    public static LoopRing? TryOpen(Epoll epoll, List<LoopConnection> connections, int after, Action<LoopConnection> failed, ILogger logger)
    {
        LoopRing? ring = null;
        if (RingPump.TryCreate(connections, connection => ring!.Leave(connection), out string reason) is not { } pump)
        {
            logger.LogInformation("Small messages go through epoll: {Reason}", reason);
            return null;
        }

        epoll.Add(pump.Descriptor, Epoll.EPOLLIN | Epoll.EPOLLET, LoopEventData.Ring);
        ring = new LoopRing(epoll, pump, after, failed);
        return ring;
    }

    /// <summary>The epoll instance says that something has completed.</summary>
    public void NoteReady() => IsReady = true;

    /// <summary>Does what is due, for a turn.</summary>
    /// <param name="now">The loop's clock.</param>
    public void Turn(long now) => IsReady = _pump.Turn(now);

    /// <summary>Takes a connection that has passed small messages for a while, and all of what it had.</summary>
    public void EnterIfSmall(LoopConnection connection)
    {
        bool large = connection.ToBackend.TakeLarge() | connection.ToClient.TakeLarge();
        if (large) connection.SmallTurns = 0;
        if (large || ++connection.SmallTurns <= _after || connection.StaysOutOfRing || !connection.ToBackend.IsIdle || !connection.ToClient.IsIdle) return;
        _epoll.Remove(connection.Client);
        _epoll.Remove(connection.BackendSocket);
        _pump.Enter(connection);
    }

    /// <summary>Has a connection go back to epoll, for good, as soon as its operations have ended.</summary>
    public void LeaveInOrder(LoopConnection connection)
    {
        connection.StaysOutOfRing = true;
        _pump.Leave(connection, reset: false);
    }

    /// <summary>Has a connection end as soon as its operations have: until then the kernel holds its sockets.</summary>
    public void LeaveByReset(LoopConnection connection) => _pump.Leave(connection, reset: true);

    public void Dispose() => _pump.Dispose();

    private void Leave(LoopConnection connection)
    {
        RingState state = connection.Ring!;
        bool failed = state.IsReset;
        _pump.HandOver(ref state.ToBackend, ref connection.ToBackend);
        _pump.HandOver(ref state.ToClient, ref connection.ToClient);
        if (!failed)
        {
            connection.ToBackend.Readable = connection.ToBackend.Writable = connection.ToClient.Readable = connection.ToClient.Writable = false;
            // It may come back, later.
            connection.SmallTurns = 0;
            failed = !_epoll.WatchBackend(connection) || !_epoll.WatchClient(connection);
        }

        _pump.Forget(connection);
        if (failed) _failed(connection);
    }
}
