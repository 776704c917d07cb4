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
    /// <summary>The largest read: what one receive of a local TCP connection can bring at most.</summary>
    private const int BufferSize = 64 * 1024;

    /// <summary>Events taken at once: enough to pay for the call, few enough that the last one's wait stays short.</summary>
    private const int EventsPerWait = 256;

    /// <summary>Connections accepted before those under way have their turn.</summary>
    private const int AcceptsPerTurn = 64;

    /// <summary>Precision of connect time-outs and of the rest after the descriptors ran out.</summary>
    private const int TickMs = 25;

    // An event's data: the place of what it is about, its generation, and which side of a connection.
    private const ulong WakeData = ulong.MaxValue;
    private const ulong ListenerBit = 1ul << 63;
    private const ulong BackendBit = 1ul << 62;

    private readonly Epoll _epoll = new(EventsPerWait);
    private readonly EventFd _wake = new();
    private readonly ConcurrentQueue<Action<TcpLoop>> _posted = new();
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
    private readonly Dictionary<int, LoopListener> _listeners = [];
    private readonly List<LoopConnection> _connections = [];
    private readonly Stack<LoopConnection> _free = new();
    private readonly List<LoopConnection> _connecting = [];
    private readonly Queue<LoopConnection> _more = new();
    private readonly ServiceDirectory _directory;
    private readonly TcpRelayOptions _options;
    private readonly ILogger _logger;
    private readonly int _limit;
    private readonly Thread _thread;
    private int _active;
    private bool _accepting = true;
    private long _resumeAt;
    private bool _stopped;

    public TcpLoop(string name, ServiceDirectory directory, TcpRelayOptions options, int connectionLimit, ILogger logger)
    {
        _directory = directory;
        _options = options;
        _limit = connectionLimit;
        _logger = logger;
        _epoll.Add(_wake.Descriptor, Epoll.EPOLLIN, WakeData);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Connections being served. Any thread may ask.</summary>
    public int Connections => Volatile.Read(ref _active);

    /// <summary>Has the loop's thread do something. Any thread may ask.</summary>
    public void Post(Action<TcpLoop> action)
    {
        _posted.Enqueue(action);
        _wake.Signal();
    }

    /// <summary>Takes over a listening socket.</summary>
    public void AddListener(LoopListener listener)
    {
        _listeners.Add(listener.Descriptor, listener);
        if (_accepting) Watch(listener);
    }

    public void RemoveListener(int descriptor)
    {
        if (_listeners.Remove(descriptor)) SocketCalls.Close(descriptor);
    }

    /// <summary>Ends the thread: listeners are closed, connections reset.</summary>
    public void Dispose()
    {
        Post(static loop => loop._stopped = true);
        _thread.Join();
        _epoll.Dispose();
        _wake.Dispose();
    }

    private static long NowMs => Environment.TickCount64;

    private void Run()
    {
        while (!_stopped)
        {
            int count = _epoll.Wait(WaitMs());
            for (int i = 0; i < count; i++) Handle(_epoll[i]);
            for (int turns = _more.Count; turns > 0; turns--) Continue(_more.Dequeue());
            if (_connecting.Count > 0) GiveUpSlow();
            if (!_accepting) ResumeAccepting();
        }

        foreach (int descriptor in _listeners.Keys.ToArray()) RemoveListener(descriptor);
        foreach (LoopConnection connection in _connections)
            if (connection.IsOpen) Reset(connection);
    }

    private int WaitMs() => _more.Count > 0 ? 0 : _connecting.Count > 0 || !_accepting ? TickMs : -1;

    private void Handle((uint Events, ulong Data) happened)
    {
        if (happened.Data == WakeData)
        {
            _wake.Clear();
            while (_posted.TryDequeue(out Action<TcpLoop>? action)) action(this);
        }
        else if ((happened.Data & ListenerBit) != 0)
        {
            if (_listeners.TryGetValue((int)(happened.Data & int.MaxValue), out LoopListener? listener)) AcceptFrom(listener);
        }
        else
        {
            LoopConnection connection = _connections[(int)(happened.Data & int.MaxValue)];
            // The connection may have ended earlier in this batch, and its place may serve another by now.
            if (connection.IsOpen && (connection.Generation & GenerationMask) == (uint)(happened.Data >> 31 & GenerationMask))
                Advance(connection, happened.Events, ofBackend: (happened.Data & BackendBit) != 0);
        }
    }

    // 31 bits of place, 31 bits of generation, two bits of kind.
    private const uint GenerationMask = int.MaxValue;

    private static ulong DataOf(LoopConnection connection, bool backend) =>
        (uint)connection.Index | (ulong)(connection.Generation & GenerationMask) << 31 | (backend ? BackendBit : 0);

    private void AcceptFrom(LoopListener listener)
    {
        Span<byte> address = stackalloc byte[SocketCalls.AddressSize];
        for (int turn = 0; turn < AcceptsPerTurn && _accepting; turn++)
        {
            if (_active >= _limit)
            {
                PauseAccepting("as many connections as the descriptor limit allows are open");
                return;
            }

            int client = SocketCalls.Accept(listener.Descriptor, address);
            if (client >= 0)
            {
                Begin(client, listener.Frontend, ClientAddress.FromSocketAddress(address));
                continue;
            }

            if (SocketCalls.Error == Errno.EAGAIN) return;
            // A client that gave up while it waited is no reason to rest; out of descriptors or memory is.
            if (SocketCalls.Error is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM) PauseAccepting("the process is out of descriptors or memory");
        }
    }

    private void Begin(int client, Frontend frontend, ClientAddress address)
    {
        DataplaneMetrics.TcpAccepted.Add(1);
        DataplaneMetrics.TcpActive.Add(1);
        if (!_free.TryPop(out LoopConnection? connection))
        {
            connection = new LoopConnection(_connections.Count);
            _connections.Add(connection);
        }

        _active++;
        connection.Client = client;
        connection.Frontend = frontend;
        connection.ClientAddress = address;
        Prepare(client);
        ConnectNext(connection, failed: null);
    }

    // No byte has been passed yet, so another backend may be tried as if the first had never been picked.
    private void ConnectNext(LoopConnection connection, Backend? failed)
    {
        while (connection.Attempts < _options.ConnectTimeouts.Count)
        {
            // The table is read anew for each attempt: a backend that failed has often just left it.
            ServiceEntry? entry = _directory.Current[connection.Frontend.Slot];
            Backend? backend = entry is not null && entry.Port.Id == connection.Frontend.Id
                ? entry.Pick(new(connection.Frontend.Scope, connection.ClientAddress, failed))
                : null;
            if (backend is null) break;
            connection.Deadline = NowMs + (long)_options.ConnectTimeouts[connection.Attempts++].TotalMilliseconds;
            if (TryConnect(connection, backend)) return;
            DataplaneMetrics.TcpConnectFailures.Add(1);
            failed = backend;
        }

        DataplaneMetrics.TcpRefused.Add(1);
        Reset(connection);
    }

    private bool TryConnect(LoopConnection connection, Backend backend)
    {
        int socket = SocketCalls.OpenTcp(backend.Address.AddressFamily);
        if (socket < 0) return false;
        Prepare(socket);
        if (SocketCalls.Connect(socket, backend.SocketAddress) != 0 && SocketCalls.Error != Errno.EINPROGRESS
            || !_epoll.Add(socket, Epoll.EPOLLIN | Epoll.EPOLLOUT | Epoll.EPOLLRDHUP | Epoll.EPOLLET, DataOf(connection, backend: true)))
        {
            SocketCalls.Close(socket);
            return false;
        }

        connection.BackendSocket = socket;
        connection.Backend = backend;
        backend.State.Opened();
        // Connected at once or not, the first event says so: one way through for both.
        if (connection.Connecting is null) _connecting.Add(connection);
        connection.Connecting = backend;
        return true;
    }

    private void Advance(LoopConnection connection, uint events, bool ofBackend)
    {
        if (ofBackend && connection.Connecting is { } backend)
        {
            if (!FinishConnecting(connection, backend, events)) return;
        }
        else if ((events & Epoll.EPOLLERR) != 0)
        {
            Fail(connection, ofBackend);
            return;
        }

        bool readable = (events & (Epoll.EPOLLIN | Epoll.EPOLLRDHUP | Epoll.EPOLLHUP)) != 0;
        bool writable = (events & (Epoll.EPOLLOUT | Epoll.EPOLLHUP)) != 0;
        ref LoopDirection from = ref ofBackend ? ref connection.ToClient : ref connection.ToBackend;
        ref LoopDirection to = ref ofBackend ? ref connection.ToBackend : ref connection.ToClient;
        from.Readable |= readable;
        from.HangUp |= (events & (Epoll.EPOLLRDHUP | Epoll.EPOLLHUP)) != 0;
        to.Writable |= writable;
        if (connection.Connecting is null) Pump(connection);
    }

    /// <summary>False where the connection is not up yet, or never will be.</summary>
    private bool FinishConnecting(LoopConnection connection, Backend backend, uint events)
    {
        if ((events & (Epoll.EPOLLERR | Epoll.EPOLLHUP)) != 0 || SocketCalls.TakeError(connection.BackendSocket) != 0)
        {
            Retry(connection, backend);
            return false;
        }

        if ((events & Epoll.EPOLLOUT) == 0) return false;
        connection.Connecting = null;
        _connecting.Remove(connection);
        // Only now is the client's data of interest; what came meanwhile is told by the first event.
        if (_epoll.Add(connection.Client, Epoll.EPOLLIN | Epoll.EPOLLOUT | Epoll.EPOLLRDHUP | Epoll.EPOLLET, DataOf(connection, backend: false))) return true;
        Reset(connection);
        return false;
    }

    private void Retry(LoopConnection connection, Backend failed)
    {
        DataplaneMetrics.TcpConnectFailures.Add(1);
        SocketCalls.Close(connection.BackendSocket);
        connection.BackendSocket = -1;
        connection.LeaveBackend();
        ConnectNext(connection, failed);
    }

    private void GiveUpSlow()
    {
        long now = NowMs;
        for (int i = _connecting.Count - 1; i >= 0; i--)
        {
            // Retrying may end this connection and shorten the list, never lengthen it.
            if (i < _connecting.Count && _connecting[i] is { Connecting: { } slow } connection && connection.Deadline <= now) Retry(connection, slow);
        }
    }

    private void Continue(LoopConnection connection)
    {
        if (!connection.IsQueued) return;
        connection.IsQueued = false;
        if (connection.IsOpen) Pump(connection);
    }

    private void Pump(LoopConnection connection)
    {
        PumpResult up = connection.ToBackend.Pump(connection.Client, connection.BackendSocket, _buffer);
        PumpResult down = up == PumpResult.Failed ? up : connection.ToClient.Pump(connection.BackendSocket, connection.Client, _buffer);
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
    }

    // The kernel still hands out what had arrived before the reset: passed on, as far as the other side takes it at once.
    private void Fail(LoopConnection connection, bool ofBackend)
    {
        DataplaneMetrics.TcpResets.Add(1);
        ref LoopDirection from = ref ofBackend ? ref connection.ToClient : ref connection.ToBackend;
        from.Readable = from.HangUp = true;
        if (ofBackend) from.Pump(connection.BackendSocket, connection.Client, _buffer);
        else if (connection.Connecting is null) from.Pump(connection.Client, connection.BackendSocket, _buffer);
        Reset(connection);
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
        SocketCalls.Reset(connection.Client);
        if (connection.BackendSocket >= 0) SocketCalls.Reset(connection.BackendSocket);
        Forget(connection);
    }

    private void Forget(LoopConnection connection)
    {
        if (connection.Connecting is not null) _connecting.Remove(connection);
        connection.Clear();
        _free.Push(connection);
        _active--;
        DataplaneMetrics.TcpActive.Add(-1);
    }

    private void Prepare(int socket)
    {
        SocketCalls.SetNoDelay(socket);
        if (_options.KeepAlive > TimeSpan.Zero) SocketCalls.SetKeepAlive(socket, (int)_options.KeepAlive.TotalSeconds);
    }

    private void Watch(LoopListener listener) => _epoll.Add(listener.Descriptor, Epoll.EPOLLIN, ListenerBit | (uint)listener.Descriptor);

    private void PauseAccepting(string why)
    {
        DataplaneMetrics.AcceptPauses.Add(1);
        _logger.LogWarning("Accepting rests for {Pause}: {Reason}", _options.ExhaustedPause, why);
        _accepting = false;
        _resumeAt = NowMs + (long)_options.ExhaustedPause.TotalMilliseconds;
        foreach (int descriptor in _listeners.Keys) _epoll.Remove(descriptor);
    }

    private void ResumeAccepting()
    {
        if (NowMs < _resumeAt || _active >= _limit) return;
        _accepting = true;
        foreach (LoopListener listener in _listeners.Values) Watch(listener);
    }
}
