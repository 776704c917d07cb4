using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Ends connections of a loop in order, at a moment when nothing is under way: see <see cref="QuietEnd"/>. Used by its loop's thread alone.</summary>
/// <param name="leaveRing">Makes a connection leave the ring, for good.</param>
/// <param name="close">Closes both sockets.</param>
internal sealed class LoopEnds(Action<LoopConnection> leaveRing, Action<LoopConnection> close)
{
    /// <summary>Buffers thrown away in one turn. Who goes on sending so much after the end is not waited for.</summary>
    private const int BuffersPerTurn = 16;

    /// <summary>Ends a connection where that is due; true where it is on its way out.</summary>
    public bool Look(LoopConnection connection, long now)
    {
        if (connection.IsEnding)
        {
            if (now >= connection.EndAt) close(connection);
            return true;
        }

        if (!IsSilent(connection, now) || !(connection.IsEndWanted || IsDue(connection, now))) return false;
        // Decided once: a connection that is busy again before its end has come is ended at the next quiet moment.
        connection.IsEndWanted = true;
        if (connection.Ring is not null)
        {
            leaveRing(connection);
            return false;
        }

        if (!IsSettled(connection)) return false;
        connection.IsEnding = true;
        connection.EndAt = now + QuietEnd.PatienceMs;
        SocketCalls.ShutdownSend(connection.Client);
        SocketCalls.ShutdownSend(connection.BackendSocket);
        return true;
    }

    /// <summary>Throws away what either side sends after it was told of the end; true once both have ended.</summary>
    public static bool Drain(LoopConnection connection, Span<byte> buffer) =>
        Drain(ref connection.ToBackend, connection.Client, buffer) & Drain(ref connection.ToClient, connection.BackendSocket, buffer);

    private static bool IsSilent(LoopConnection connection, long now) =>
        connection.BackendSpokeLast && connection.Replay is null && now - connection.Time >= QuietEnd.SilenceMs;

    private static bool IsDue(LoopConnection connection, long now)
    {
        if (connection.EndAt > 0 && now >= connection.EndAt)
        {
            DataplaneMetrics.TcpAged.Add(1);
            return true;
        }

        if (!connection.Rebalances || connection.Backend?.State.TryTakeSurplus() != true) return false;
        DataplaneMetrics.TcpRebalanced.Add(1);
        return true;
    }

    // Nothing held back here, nothing in either receive buffer, everything sent acknowledged.
    private static bool IsSettled(LoopConnection connection) =>
        connection.ToBackend.IsIdle && connection.ToClient.IsIdle
        && IsEmpty(connection.Client) && IsEmpty(connection.BackendSocket)
        && SocketCalls.Unacknowledged(connection.Client) == 0 && SocketCalls.Unacknowledged(connection.BackendSocket) == 0;

    private static bool IsEmpty(int socket) => SocketCalls.Peek(socket) < 0 && SocketCalls.Error == Errno.EAGAIN;

    private static bool Drain(ref LoopDirection direction, int source, Span<byte> buffer)
    {
        for (int turn = 0; direction.Readable && !direction.Ended; turn++)
        {
            nint received = SocketCalls.Receive(source, buffer);
            if (turn == BuffersPerTurn || received == 0 || (received < 0 && SocketCalls.Error is not (Errno.EAGAIN or Errno.EINTR))) direction.Ended = true;
            else if (received < 0) direction.Readable = SocketCalls.Error == Errno.EINTR;
        }

        return direction.Ended;
    }
}
