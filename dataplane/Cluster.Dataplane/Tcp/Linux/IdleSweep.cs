using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Looks through a loop's connections from time to time: bytes are counted, those that last are probed, those that are due end. Used by its loop's thread alone.</summary>
/// <param name="connections">The loop's, open or not.</param>
/// <param name="options">How long silence may last.</param>
/// <param name="setup">Prepares the sockets of those that last.</param>
/// <param name="connector">Knows whose they are.</param>
/// <param name="ends">Ends in order those whose time has come.</param>
/// <param name="reset">Ends one by a reset.</param>
internal sealed class IdleSweep(
    List<LoopConnection> connections, TcpRelayOptions options, SocketSetup setup, BackendConnector connector, LoopEnds ends, Action<LoopConnection> reset)
{
    /// <summary>How often, where no idle time-out asks for more.</summary>
    private const int LongestMs = 5000;

    /// <summary>How often at most.</summary>
    private const int ShortestMs = 25;

    private int _periodMs = PeriodOf(options.IdleTimeout);
    private long _nextShed;

    /// <summary>When the next look is due, on the loop's clock.</summary>
    public long Next { get; private set; }

    /// <summary>There is something to look at again.</summary>
    public void Begin(long now) => Next = now + _periodMs;

    /// <summary>Keeps an idle time-out to within a quarter of it.</summary>
    public void Follow(TimeSpan idleTimeout, long now) => Every(PeriodOf(idleTimeout), now);

    /// <summary>Looks at least so often from now on.</summary>
    public void Every(int periodMs, long now)
    {
        if (periodMs >= _periodMs) return;
        _periodMs = periodMs;
        Next = Math.Min(Next, now + periodMs);
    }

    public void Run(long now)
    {
        // As often as the connections ask for that are there now.
        _periodMs = PeriodOf(options.IdleTimeout);
        foreach (LoopConnection connection in connections)
        {
            if (!connection.IsOpen || connection.IsConnecting) continue;
            _periodMs = Math.Min(_periodMs, PeriodOf(connection));
            if (ends.Look(connection, now)) continue;
            connection.CountBytes();
            if (connection.IdleTimeoutMs > 0 && now - connection.Time >= connection.IdleTimeoutMs)
            {
                DataplaneMetrics.TcpIdle.Add(1);
                Drop(connection, DropReason.Idle);
            }
            else if (!connection.IsLasting)
            {
                connection.IsLasting = true;
                setup.Lasting(connection.Client);
                setup.Lasting(connection.BackendSocket);
            }
        }

        Next = now + _periodMs;
    }

    /// <summary>Where there is no room: those that have been silent for long give theirs.</summary>
    /// <remarks>Asked for again and again while the loop is full, so it remembers before when nobody can have been silent for long enough.</remarks>
    public void Shed(long now)
    {
        long after = (long)options.ShedIdleAfter.TotalMilliseconds;
        if (after <= 0 || now < _nextShed) return;
        long oldest = now;
        foreach (LoopConnection connection in connections)
        {
            if (!connection.IsOpen) continue;
            if (connection.IsConnecting || now - connection.Time < after)
            {
                oldest = Math.Min(oldest, connection.Time);
                continue;
            }

            DataplaneMetrics.TcpShed.Add(1);
            Drop(connection, DropReason.Shed);
        }

        _nextShed = oldest + after;
    }

    private void Drop(LoopConnection connection, DropReason reason)
    {
        connector.EntryOf(connection)?.State.Traffic.Dropped(reason);
        reset(connection);
    }

    private static int PeriodOf(LoopConnection connection)
    {
        int idle = PeriodOf(TimeSpan.FromMilliseconds(connection.IdleTimeoutMs));
        return connection.EndAt > 0 || connection.Rebalances ? Math.Min(idle, QuietEnd.LookMs) : idle;
    }

    private static int PeriodOf(TimeSpan idleTimeout) =>
        idleTimeout <= TimeSpan.Zero ? LongestMs : (int)Math.Clamp(idleTimeout.TotalMilliseconds / 4, ShortestMs, LongestMs);
}
