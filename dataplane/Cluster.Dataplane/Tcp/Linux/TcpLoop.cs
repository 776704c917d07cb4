using System.Diagnostics;
using System.Collections.Concurrent;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>One thread that accepts, connects and copies for all its connections: edge-triggered epoll and one buffer for all of them.</summary>
/// <remarks>
/// Everything but <see cref="Post"/> and <see cref="Connections"/> belongs to the loop's thread: no locks. Per connection two descriptors and
/// about 200 bytes; per request no allocation.
/// </remarks>
internal sealed class TcpLoop : IDisposable
{
    /// <summary>Events taken at once: enough to pay for the call, few enough that the last one's wait stays short.</summary>
    private const int EventsPerWait = 256;

    /// <summary>Connections accepted before those under way have their turn.</summary>
    private const int AcceptsPerTurn = 64;

    /// <summary>Precision of connect time-outs and of the rest after the descriptors ran out.</summary>
    private const int TickMs = 25;

    private readonly Epoll _epoll;
    private readonly EventFd _wake;
    private readonly ConcurrentQueue<Action<TcpLoop>> _posted = new();
    private readonly LoopBuffers _buffers;
    private readonly List<LoopConnection> _connections = [];
    private readonly Stack<LoopConnection> _free = new();
    private readonly Queue<LoopConnection> _more = new();
    private readonly TcpRelayOptions _options;
    private readonly SocketSetup _setup;
    private readonly AcceptGate _gate;
    private readonly LoopListeners _listeners;
    private readonly IdleSweep _sweep;
    private readonly LoopReplays _replays;
    private readonly BackendConnector _connector;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private int _limit;
    private int _active;
    private long _now = Environment.TickCount64;
    private long _nextTick;
    private long _heard;
    private long _takenSince;
    private int _taken;
    private bool _stopped;
    private LoopRing? _ring;

    public TcpLoop(string name, ServiceDirectory directory, TcpRelayOptions options, int connectionLimit, ILogger logger)
    {
        using var opening = new Opening();
        _epoll = opening.Add(new Epoll(EventsPerWait));
        _wake = opening.Add(new EventFd());
        _options = options;
        _limit = connectionLimit;
        _buffers = new LoopBuffers(options, connectionLimit);
        _setup = new SocketSetup(options, directory.Origins);
        _gate = new AcceptGate(options.ExhaustedPause, logger);
        _connector = new BackendConnector(directory, options, _setup, _epoll, PauseExhausted);
        _listeners = new LoopListeners(_epoll, _gate, _setup);
        _replays = new LoopReplays(_connector, Reset);
        _sweep = new IdleSweep(_connections, options, _setup, _connector, new LoopEnds(connection => _ring!.LeaveInOrder(connection), Close), Reset);
        _logger = logger;
        _epoll.Add(_wake.Descriptor, Epoll.EPOLLIN, LoopEventData.Wake);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.TryStart();
        opening.Keep();
    }

    /// <summary>Connections being served. Any thread may ask.</summary>
    public int Connections => Volatile.Read(ref _active);

    /// <summary>Has the loop's thread do something. Any thread may ask.</summary>
    public void Post(Action<TcpLoop> action)
    {
        _posted.Enqueue(action);
        _wake.Signal();
    }

    /// <summary>Serves half as many connections at most from now on; those above that end as they would.</summary>
    public void Halve() => _limit = Math.Max(1, _limit / 2);

    /// <summary>Takes over a listening socket.</summary>
    public void AddListener(LoopListener listener) => _listeners.Add(listener);

    public void RemoveListener(int descriptor) => _listeners.Remove(descriptor);

    /// <summary>Ends the thread: listeners are closed, connections reset.</summary>
    public void Dispose()
    {
        Post(static loop => loop._stopped = true);
        _thread.Join();
        _epoll.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        if (_options.UseRing) _ring = LoopRing.TryOpen(_epoll, _connections, _options.RingAfter, FailInRing, _logger);
        while (!_stopped)
        {
            // What had happened by now is in the answer, or was in an earlier one, even where a signal ends the wait.
            long asked = Environment.TickCount64;
            int count = _epoll.Wait(WaitMs());
            _now = Environment.TickCount64;
            NoteHeard(asked, count);
            for (int i = 0; i < count; i++) Handle(_epoll[i]);
            for (int turns = _more.Count; turns > 0; turns--) Continue(_more.Dequeue());
            if (_now >= _nextTick) Tick();
            if (!_gate.IsOpen && _active < _limit && _gate.MayOpen(_now)) _listeners.Resume();
            // Last, for what came before may have given it something to do.
            if (_ring is { HasWork: true }) _ring.Turn(_now);
        }

        _listeners.RemoveAll();
        foreach (LoopConnection connection in _connections)
            if (connection.IsOpen) Reset(connection);
        while (_ring is { Count: > 0 }) _ring.Turn(_now);
        _ring?.Dispose();
        _buffers.Dispose();
    }

    // After a stall more may have happened than one call tells. What becomes ready stands in line behind what was so before: once as much was
    // taken as there are sockets, nothing is left of what had happened when the first of it was.
    private void NoteHeard(long asked, int count)
    {
        if (_taken == 0) _takenSince = asked;
        _taken += count;
        bool isAll = count < EventsPerWait;
        if (!isAll && _taken <= 2 * _connections.Count + _listeners.Count + 2) return;
        _heard = isAll ? asked : _takenSince;
        _taken = 0;
    }

    private int WaitMs()
    {
        if (_more.Count > 0 || _ring is { IsReady: true }) return 0;
        if (_connector.Waiting > 0 || !_gate.IsOpen) return TickMs;
        return _active > 0 ? (int)Math.Max(0, _sweep.Next - _now) : -1;
    }

    private void Tick()
    {
        _nextTick = _now + TickMs;
        _connector.GiveUpSlow(_heard, _now, Reset);
        if (!_gate.IsOpen && _active >= _limit) _sweep.Shed(_now);
        if (_now >= _sweep.Next) _sweep.Run(_now);
    }

    private void Handle((uint Events, ulong Data) happened)
    {
        if (happened.Data == LoopEventData.Wake)
        {
            _wake.Clear();
            while (_posted.TryDequeue(out Action<TcpLoop>? action)) action(this);
        }
        else if (happened.Data == LoopEventData.Ring)
        {
            _ring!.NoteReady();
        }
        else if (LoopEventData.IsListener(happened.Data))
        {
            if (_listeners.Find(LoopEventData.PlaceOf(happened.Data)) is { } listener) AcceptFrom(listener);
        }
        else
        {
            LoopConnection connection = _connections[LoopEventData.PlaceOf(happened.Data)];
            // The connection may have ended earlier in this batch.
            if (LoopEventData.IsAbout(happened.Data, connection)) Advance(connection, happened.Events, LoopEventData.IsBackend(happened.Data));
        }
    }

    private void AcceptFrom(LoopListener listener)
    {
        Span<byte> address = stackalloc byte[SocketCalls.AddressSize];
        for (int turn = 0; turn < AcceptsPerTurn && _gate.IsOpen; turn++)
        {
            if (_active >= _limit) _sweep.Shed(_now);
            if (_active >= _limit)
            {
                _listeners.Pause("as many connections are open as the limit allows", _now, rest: false);
                return;
            }

            int client = SocketCalls.Accept(listener.Descriptor, address);
            if (client >= 0)
            {
                if (listener.Of(client) is { } reached) Begin(client, reached, address);
                else SocketCalls.Reset(client);
                continue;
            }

            if (SocketCalls.Error == Errno.EAGAIN) return;
            // A client that gave up while it waited is no reason to rest; out of descriptors or memory is.
            if (BackendConnector.IsExhausted(SocketCalls.Error)) PauseExhausted();
        }
    }

    private void Begin(int client, LoopListener listener, ReadOnlySpan<byte> address)
    {
        DataplaneMetrics.TcpAccepted.Add(1);
        DataplaneMetrics.TcpActive.Add(1);
        if (!_free.TryPop(out LoopConnection? connection))
        {
            connection = new LoopConnection(_connections.Count);
            _connections.Add(connection);
        }

        if (_active++ == 0) _sweep.Begin(_now);
        connection.Client = client;
        connection.Listener = listener;
        connection.ClientAddress = ClientAddress.FromSocketAddress(address);
        connection.ClientPort = ClientAddress.PortOf(address);
        _setup.Accepted(client, listener.Frontend.Address, connection.ClientAddress);
        if (!_connector.Connect(connection, _now)) Reset(connection);
    }

    private void Advance(LoopConnection connection, uint events, bool ofBackend)
    {
        // It has entered the ring in this batch of events, and the ring will tell.
        if (connection.Ring is not null) return;
        if (ofBackend && connection.IsConnecting)
        {
            if (!FinishConnecting(connection, events)) return;
        }
        else if ((events & Epoll.EPOLLERR) != 0)
        {
            Fail(connection, ofBackend);
            return;
        }

        // While another backend is dialled for it, the time is that of the attempt.
        if (!connection.IsConnecting) connection.Time = _now;
        bool readable = (events & (Epoll.EPOLLIN | Epoll.EPOLLRDHUP | Epoll.EPOLLHUP)) != 0;
        bool writable = (events & (Epoll.EPOLLOUT | Epoll.EPOLLHUP)) != 0;
        ref LoopDirection from = ref ofBackend ? ref connection.ToClient : ref connection.ToBackend;
        ref LoopDirection to = ref ofBackend ? ref connection.ToBackend : ref connection.ToClient;
        from.Readable |= readable;
        from.Urgent |= (events & Epoll.EPOLLPRI) != 0;
        from.HangUp |= (events & (Epoll.EPOLLRDHUP | Epoll.EPOLLHUP)) != 0;
        to.Writable |= writable;
        if (readable) connection.BackendSpokeLast = ofBackend;
        if (!connection.IsConnecting) Pump(connection);
    }

    /// <summary>False where the connection is not up yet, or never will be.</summary>
    private bool FinishConnecting(LoopConnection connection, uint events)
    {
        if ((events & (Epoll.EPOLLERR | Epoll.EPOLLHUP)) != 0)
        {
            if (!_connector.Retry(connection, _now)) Reset(connection);
            return false;
        }

        if ((events & Epoll.EPOLLOUT) == 0) return false;
        if (connection.Backend is { } backend && SelfConnection.Is(connection.BackendSocket, backend))
        {
            if (!_connector.Retry(connection, _now)) Reset(connection);
            return false;
        }

        _connector.Forget(connection);
        // Only now is the client's data of interest; what came meanwhile is told by the first event.
        // A service that went meanwhile takes its connection with it: what it asked for, a header that tells the client, is not known any more.
        if (_connector.EntryOf(connection) is not { } entry || !Introduce(connection, entry.Port) || !(connection.IsClientWatched || _epoll.WatchClient(connection)))
        {
            Reset(connection);
            return false;
        }

        entry.State.Traffic.ConnectTimes.Record(Stopwatch.GetElapsedTime(connection.Dial!.DialledAt));
        connection.IsClientWatched = true;
        // Where bytes are kept, the first byte of its answer counts.
        if (connection.Replay is not null) return true;
        _connector.Answered(connection, entry);
        _connector.Arrived(connection);
        return true;
    }

    // What a service port asks for once its backend has answered; false where a socket failed.
    private bool Introduce(LoopConnection connection, ServicePort port)
    {
        TimeSpan idle = port.IdleTimeout > TimeSpan.Zero ? port.IdleTimeout : _options.IdleTimeout;
        connection.IdleTimeoutMs = (uint)Math.Min(idle.TotalMilliseconds, uint.MaxValue);
        if (idle > TimeSpan.Zero) _sweep.Follow(idle, _now);
        if (QuietEnd.AsksFor(port)) _sweep.Every(QuietEnd.LookMs, _now);
        connection.EndAt = QuietEnd.EndAfter(port, _now);
        connection.Rebalances = port.Rebalance;
        if (connection.Replay is { } kept)
        {
            // It comes for the second time, and has its header among what is kept.
            kept.Rewind(connection);
            return true;
        }

        if (port.Replay) _replays.Begin(connection);
        return !port.ProxyProtocol || SendHeader(connection);
    }

    private bool SendHeader(LoopConnection connection)
    {
        Span<byte> local = stackalloc byte[SocketCalls.AddressSize];
        if (!SocketCalls.LocalAddress(connection.Client, local)) return false;
        int length = ProxyHeader.Write(
            _buffers.Bytes, connection.ClientAddress, connection.ClientPort, ClientAddress.FromSocketAddress(local), ClientAddress.PortOf(local));
        if (connection.Replay is { } replay)
        {
            replay.Begin(_buffers.Bytes[..length]);
            return true;
        }

        return connection.ToBackend.Begin(connection.Client, connection.BackendSocket, _buffers.Bytes, length);
    }

    private void Continue(LoopConnection connection)
    {
        if (!connection.IsQueued) return;
        connection.IsQueued = false;
        connection.SmallTurns = 0;
        if (connection.IsOpen) Pump(connection);
    }

    private void Pump(LoopConnection connection)
    {
        if (connection.IsEnding)
        {
            if (LoopEnds.Drain(connection, _buffers.Bytes)) Close(connection);
            return;
        }

        if (connection.Replay is not null && !_replays.Advance(connection, _now)) return;
        PumpResult up = connection.ToBackend.Pump(connection.Client, connection.BackendSocket, _buffers, isLast: connection.ToClient.IsDone);
        if (up == PumpResult.Failed) PassLast(connection, ofBackend: true);
        PumpResult down = up == PumpResult.Failed
            ? up
            : connection.ToClient.Pump(connection.BackendSocket, connection.Client, _buffers, isLast: up == PumpResult.Ended);
        if (connection.ToBackend.TakeBegun()) _setup.Stream(connection, toBackend: true);
        if (connection.ToClient.TakeBegun()) _setup.Stream(connection, toBackend: false);
        if (down == PumpResult.Failed)
        {
            DataplaneMetrics.TcpResets.Add(1);
            Reset(connection);
        }
        else if (up == PumpResult.Ended && down == PumpResult.Ended)
        {
            Close(connection);
        }
        else if ((up == PumpResult.Yielded || down == PumpResult.Yielded) && !connection.IsQueued)
        {
            connection.IsQueued = true;
            _more.Enqueue(connection);
        }
        else if (up == PumpResult.Waiting && down == PumpResult.Waiting)
        {
            _ring?.EnterIfSmall(connection);
        }
    }

    private void Fail(LoopConnection connection, bool ofBackend)
    {
        if (connection.IsEnding)
        {
            // Both sides were told of the end, and this is one side's answer to it.
            Close(connection);
            return;
        }

        if (connection.Replay is not null && !_replays.Fail(connection, ofBackend, _now)) return;
        DataplaneMetrics.TcpResets.Add(1);
        PassLast(connection, ofBackend);
        Reset(connection);
    }

    // Which of its sockets it was, the ring does not tell.
    private void FailInRing(LoopConnection connection)
    {
        DataplaneMetrics.TcpResets.Add(1);
        PassLast(connection, ofBackend: true);
        PassLast(connection, ofBackend: false);
        Reset(connection);
    }

    // The kernel still hands out what had arrived before a reset: passed on, as far as the other side takes it at once.
    private void PassLast(LoopConnection connection, bool ofBackend)
    {
        ref LoopDirection from = ref ofBackend ? ref connection.ToClient : ref connection.ToBackend;
        from.Readable = from.Writable = from.HangUp = true;
        if (ofBackend) from.Pump(connection.BackendSocket, connection.Client, _buffers, isLast: true);
        else from.Pump(connection.Client, connection.BackendSocket, _buffers, isLast: true);
    }

    private void Close(LoopConnection connection)
    {
        SocketCalls.Close(connection.Client);
        SocketCalls.Close(connection.BackendSocket);
        Forget(connection);
    }

    // A reset of one side is passed on to the other, never turned into an orderly end.
    private void Reset(LoopConnection connection)
    {
        if (connection.Ring is not null)
        {
            // The kernel holds the sockets as long as operations are under way.
            _ring!.LeaveByReset(connection);
            return;
        }

        SocketCalls.Reset(connection.Client);
        if (connection.BackendSocket >= 0) SocketCalls.Reset(connection.BackendSocket);
        Forget(connection);
    }

    private void Forget(LoopConnection connection)
    {
        _replays.Forget(connection);
        _connector.Arrived(connection);
        connection.Clear(_buffers.Pipes);
        _free.Push(connection);
        _active--;
        DataplaneMetrics.TcpActive.Add(-1);
    }

    private void PauseExhausted()
    {
        _buffers.Pipes.Trim();
        _sweep.Shed(_now);
        _listeners.Pause("the process is out of descriptors or memory", _now, rest: true);
    }
}
