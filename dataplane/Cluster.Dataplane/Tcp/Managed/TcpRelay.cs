using System.Net.Sockets;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ObjectPool;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>Relays TCP with the runtime's own sockets: any operating system, no privileges.</summary>
/// <remarks>
/// Per connection: two sockets and the tasks of its four loops. Per read or write: no allocation. Idle ones hold 2 kB a direction.
/// The host process may set <c>DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1</c> before its first socket: about 40% more requests
/// per second, at the price that all callbacks share the socket engine's threads, so only for a process that does nothing else.
/// </remarks>
public sealed class TcpRelay : IRelay
{
    /// <summary>How often connections are looked through: a quarter of the shortest time-out, and at most this.</summary>
    private static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestSweep = TimeSpan.FromMilliseconds(25);

    private readonly Dictionary<Frontend, TcpFrontend[]> _frontends = [];
    private readonly List<TcpFrontend> _closed = [];
    private readonly HashSet<TcpConnection> _connections = [];
    private readonly Lock _connectionsLock = new();
    private readonly ObjectPool<TcpConnection> _pool;
    private readonly SemaphoreSlim _admission;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ServiceDirectory _directory;
    private readonly TcpRelayOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;
    private readonly HandoverSockets _sockets;
    private readonly int _limit;
    private TimeSpan _sweepPeriod;
    private bool _holding;

    public TcpRelay(ServiceDirectory directory, TcpRelayOptions options, ILogger logger, TimeProvider time, HandoverSockets? sockets = null)
    {
        _sockets = sockets ?? new HandoverSockets();
        _directory = directory;
        _options = options;
        _logger = logger;
        _time = time;
        _limit = options.MaxConnections > 0 ? options.MaxConnections : DescriptorBudget.Of(ResourceLimits.OpenFiles).TcpConnections;
        _admission = new SemaphoreSlim(_limit);
        _sweep = time.CreateTimer(static self => ((TcpRelay)self!).Sweep(), this, LongestSweep, LongestSweep);
        _sweepPeriod = LongestSweep;
        _pool = new DefaultObjectPoolProvider { MaximumRetained = 1024 }.Create(new ConnectionPolicy(options, time));
    }

    public ServiceProtocol Protocol => ServiceProtocol.Tcp;

    /// <summary>Connections being served now.</summary>
    public int Active
    {
        get
        {
            lock (_connectionsLock) return _connections.Count;
        }
    }

    public FrontendResult Open(Frontend frontend)
    {
        // A predecessor of the loop path has left one for each of its loops.
        var listeners = _sockets.InheritSockets(ListenerKind.Frontend, ServiceProtocol.Tcp, frontend.EndPoint);
        if (listeners.Length == 0)
        {
            var (opened, result) = ListenSockets.Open(frontend.EndPoint, ServiceProtocol.Tcp);
            if (opened is null) return result;
            listeners = [opened];
        }

        var frontends = Array.ConvertAll(listeners, listener => new TcpFrontend(this, frontend, listener));
        _frontends.Add(frontend, frontends);
        foreach (var listener in listeners) _sockets.Add(ListenerKind.Frontend, (int)listener.Handle);
        if (!_holding) foreach (var opened in frontends) opened.Start();
        return FrontendResult.Opened;
    }

    public void Halve()
    {
        if (_options.MaxConnections > 0) return;
        // Places that are taken now are given up as their connections end, before anybody new has one.
        for (var places = _limit / 2; places > 0; places--)
            if (!_admission.Wait(0, CancellationToken.None)) _ = _admission.WaitAsync(_stopping.Token);
    }

    public void Close(Frontend frontend)
    {
        if (!_frontends.Remove(frontend, out var open)) return;
        _closed.RemoveAll(static closed => closed.Completion.IsCompleted);
        foreach (var closing in open)
        {
            _sockets.Remove(closing.Descriptor);
            closing.Dispose();
            _closed.Add(closing);
        }
    }

    public void Hold() => _holding = true;

    public void Begin()
    {
        _holding = false;
        foreach (var opened in _frontends.Values.SelectMany(frontends => frontends)) opened.Start();
    }

    public void LetGo()
    {
        foreach (var open in _frontends.Values.SelectMany(frontends => frontends)) open.Abandon();
        foreach (var frontend in _frontends.Keys.ToArray()) Close(frontend);
    }

    // Established connections stay with their backend: a pod on its way out finishes what it began.
    public void BackendsChanged(ServiceEntry entry)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        await _stopping.CancelAsync();
        foreach (var frontend in _frontends.Keys.ToArray()) Close(frontend);
        await Task.WhenAll(_closed.Select(closed => closed.Completion));
        lock (_connectionsLock)
        {
            foreach (var connection in _connections) connection.Abort();
            if (_connections.Count == 0) _drained.TrySetResult();
        }

        await _drained.Task;
        _admission.Dispose();
        _stopping.Dispose();
        (_pool as IDisposable)?.Dispose();
    }

    /// <summary>Starts to serve a connection; waits, and with it the accept loop, while as many as allowed are served already.</summary>
    internal async ValueTask ServeAsync(Socket client, Frontend frontend)
    {
        DataplaneMetrics.TcpAccepted.Add(1);
        if (!_admission.Wait(0, CancellationToken.None) && !await AdmitLaterAsync())
        {
            client.Dispose();
            return;
        }

        var connection = _pool.Get();
        connection.Take(client);
        connection.SweepPeriod = SweepPeriodOf(frontend);
        lock (_connectionsLock)
        {
            _connections.Add(connection);
            if (connection.SweepPeriod < _sweepPeriod) SweepEveryLocked(connection.SweepPeriod);
        }

        // Not on the accept loop's own thread: a busy connection would keep it from accepting.
        _ = Task.Run(() => RunAsync(connection, frontend));
    }

    /// <summary>Rests after an error that would come again at once, out of descriptors above all.</summary>
    internal async Task PauseAsync(SocketError error)
    {
        DataplaneMetrics.AcceptPauses.Add(1);
        _logger.LogWarning("Accepting rests for {Pause}: {Error}", _options.ExhaustedPause, error);
        await Task.Delay(_options.ExhaustedPause, _time, _stopping.Token).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task<bool> AdmitLaterAsync()
    {
        DataplaneMetrics.AcceptPauses.Add(1);
        try
        {
            do ShedIdle();
            while (!await _admission.WaitAsync(_options.ExhaustedPause, _stopping.Token));
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private TimeSpan SweepPeriodOf(Frontend frontend)
    {
        if (_directory.Current[frontend.Slot] is not { } entry || entry.Port.Id != frontend.Id) return LongestSweep;
        var idle = entry.Port.IdleTimeout > TimeSpan.Zero ? entry.Port.IdleTimeout : _options.IdleTimeout;
        var period = idle > TimeSpan.Zero ? TimeSpan.FromTicks(Math.Clamp(idle.Ticks / 4, ShortestSweep.Ticks, LongestSweep.Ticks)) : LongestSweep;
        var look = TimeSpan.FromMilliseconds(QuietEnd.LookMs);
        return QuietEnd.AsksFor(entry.Port) && look < period ? look : period;
    }

    private void SweepEveryLocked(TimeSpan period)
    {
        _sweepPeriod = period;
        _sweep.Change(period, period);
    }

    private void Sweep()
    {
        var now = Environment.TickCount64;
        lock (_connectionsLock)
        {
            var period = LongestSweep;
            foreach (var connection in _connections)
            {
                connection.CountBytes();
                if (!connection.EndIfDue(now) && connection.AbortIfIdle(now)) DataplaneMetrics.TcpIdle.Add(1);
                if (connection.SweepPeriod < period) period = connection.SweepPeriod;
            }

            // As often as the connections ask for that are there now: each walk takes the lock that every accept needs.
            if (period != _sweepPeriod) SweepEveryLocked(period);
        }
    }

    // Where there is no room: those that have been silent for long give theirs.
    private void ShedIdle()
    {
        var after = (long)_options.ShedIdleAfter.TotalMilliseconds;
        if (after <= 0) return;
        var now = Environment.TickCount64;
        lock (_connectionsLock)
        {
            foreach (var connection in _connections)
                if (connection.AbortIfSilent(now, after, DropReason.Shed)) DataplaneMetrics.TcpShed.Add(1);
        }
    }

    // Owned by the set of connections: DisposeAsync waits until it is empty.
    private async Task RunAsync(TcpConnection connection, Frontend frontend)
    {
        DataplaneMetrics.TcpActive.Add(1);
        var reusable = false;
        try
        {
            await connection.RunAsync(_directory, frontend);
            reusable = true;
        }
        catch (Exception exception)
        {
            // The top of the connection's loop. A socket that died between accept and first use ends here, and so would a bug:
            // it costs this connection and a line in the log, not the relay.
            _logger.LogDebug(exception, "Connection of {Frontend} failed", frontend);
            connection.Abort();
        }

        DataplaneMetrics.TcpActive.Add(-1);
        _admission.Release();
        lock (_connectionsLock)
        {
            _connections.Remove(connection);
            if (_stopping.IsCancellationRequested && _connections.Count == 0) _drained.TrySetResult();
        }

        if (reusable) _pool.Return(connection);
        else connection.Dispose();
    }

    private sealed class ConnectionPolicy(TcpRelayOptions options, TimeProvider time) : PooledObjectPolicy<TcpConnection>
    {
        public override TcpConnection Create() => new(options, time);

        public override bool Return(TcpConnection obj)
        {
            obj.Clear();
            return true;
        }
    }
}
