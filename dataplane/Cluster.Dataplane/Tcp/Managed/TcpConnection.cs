using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>Serves one accepted connection: finds a backend that answers, then copies both ways until both sides have ended.</summary>
/// <remarks>Pooled: the copiers, their pipes and the dial are reused by later connections. Sockets are made for each.</remarks>
internal sealed class TcpConnection : IDisposable
{
    private readonly StreamCopier _toBackend;
    private readonly StreamCopier _toClient;
    private readonly TriedBackends _tried = new();
    private readonly BackendDial _dial;
    private readonly TcpRelayOptions _options;
    private readonly Action<CopyResult> _abort;
    private readonly Action<CopyResult> _backendFailed;
    private Socket? _client;
    private Socket? _backend;
    private readonly Lock _counting = new();
    private Backend? _counted;
    private long _countedToBackend;
    private long _countedToClient;
    private ServiceEntry? _entry;
    private int _aborted;
    private int _backendEnded;
    private long _idleTimeoutMs;
    private long _connectBy;
    private long _endAfter;
    private long _endBy;
    private bool _endWanted;
    private DropReason? _refusal;
    private volatile StreamCopier? _lastSpeaker;
    private volatile bool _rebalances;
    private volatile bool _ending;

    public TcpConnection(TcpRelayOptions options, TimeProvider time)
    {
        _options = options;
        _toBackend = new StreamCopier { Received = NoteSpeaker };
        _toClient = new StreamCopier { Received = NoteSpeaker };
        _abort = _ => AbortUnlessEnding();
        _backendFailed = BackendFailed;
        _dial = new BackendDial(options, time);
    }

    /// <summary>How often it wants to be looked at, by what its service port asked for when it came. Under the relay's lock.</summary>
    public TimeSpan SweepPeriod { get; set; }

    /// <summary>Takes an accepted socket. Comes before <see cref="RunAsync"/>; from here on <see cref="Abort"/> may be called.</summary>
    public void Take(Socket client)
    {
        _client = client;
        _aborted = _backendEnded = 0;
        _idleTimeoutMs = _endAfter = 0;
        _refusal = null;
        _lastSpeaker = null;
        _rebalances = _ending = _endWanted = false;
        _toBackend.Begin();
        _toClient.Begin();
    }

    public async Task RunAsync(ServiceDirectory directory, Frontend frontend)
    {
        var client = _client!;
        RelaySocket.SetOptions(client, _options);
        var remote = (IPEndPoint)client.RemoteEndPoint!;
        var address = ClientAddress.From(remote.Address);
        _connectBy = Environment.TickCount64 + (long)_options.ConnectBudget.TotalMilliseconds;
        var backend = await ConnectAsync(directory, frontend, address, failed: null);
        if (backend is not null) Hold(backend);
        _entry = InForce(directory, frontend);
        var port = _entry?.Port;
        // A service that went meanwhile takes its connection with it: what it asked for, a header that tells the client, is not known any more.
        if (port is null) Abort();
        else Follow(port);
        var header = backend is not null && port is { ProxyProtocol: true } ? Header(remote, (IPEndPoint)client.LocalEndPoint!) : default;
        if (backend is { } first && port is { Replay: true }) (backend, header) = await ReplayAsync(directory, frontend, address, first, header);
        if (backend is null)
        {
            Refuse();
            return;
        }

        await Task.WhenAll(_toBackend.CopyAsync(client, backend, header, _backendFailed), CopyToClientAsync(backend, client));
        if (_aborted != 0) DataplaneMetrics.TcpResets.Add(1);
        backend.Dispose();
        client.Dispose();
    }

    /// <summary>Resets the connection if neither side has been heard of for its idle time-out. Any thread may call.</summary>
    public bool AbortIfIdle(long now)
    {
        var timeout = Volatile.Read(ref _idleTimeoutMs);
        return timeout > 0 && AbortIfSilent(now, timeout, DropReason.Idle);
    }

    /// <summary>Resets the connection if neither side has been heard of for so long. Any thread may call.</summary>
    public bool AbortIfSilent(long now, long milliseconds, DropReason reason)
    {
        if (now - Math.Max(_toBackend.LastReceived, _toClient.LastReceived) < milliseconds) return false;
        Volatile.Read(ref _entry)?.State.Traffic.Dropped(reason);
        Abort();
        return true;
    }

    /// <summary>
    /// Ends the connection in order where that is due and nothing is under way; true where it is on its way out. Any thread may call, one at a time.
    /// </summary>
    public bool EndIfDue(long now)
    {
        if (Volatile.Read(ref _backend) is not { } backend) return false;
        if (_ending)
        {
            if (now >= _endBy) Close(backend);
            return true;
        }

        if (!IsSilent(now) || !(_endWanted || IsDue(now))) return false;
        // Decided once: a connection that is busy again before its end has come is ended at the next quiet moment.
        _endWanted = true;
        if (!RelaySocket.IsSettled(_client!) || !RelaySocket.IsSettled(backend)) return false;
        // What one side still has to say is read and thrown away until it ends too, for as long as this.
        _endBy = now + QuietEnd.PatienceMs;
        _ending = true;
        _toBackend.Discard();
        _toClient.Discard();
        RelaySocket.End(_client!);
        RelaySocket.End(backend);
        return true;
    }

    /// <summary>Adds what has passed since the last time to the backend's counts. Any thread may call.</summary>
    public void CountBytes()
    {
        lock (_counting) CountBytesLocked();
    }

    /// <summary>Resets both sides: a reset from one is passed on to the other, never turned into an orderly end.</summary>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) != 0) return;
        _dial.GiveUp();
        if (_client is { } client) RelaySocket.Reset(client);
        if (Volatile.Read(ref _backend) is { } backend) RelaySocket.Reset(backend);
    }

    /// <summary>Makes the object ready for the pool. Only after <see cref="RunAsync"/> has ended.</summary>
    public void Clear()
    {
        Count(null);
        _client = null;
        _backend = null;
        _tried.Clear();
        _entry = null;
        lock (_counting)
        {
            _toBackend.Reset();
            _toClient.Reset();
            _countedToBackend = _countedToClient = 0;
        }

        _dial.Clear();
    }

    public void Dispose()
    {
        Count(null);
        _dial.Dispose();
        _toBackend.Dispose();
        _toClient.Dispose();
    }

    // From here on an abort sees this socket; one that came before has not.
    private void Hold(Socket backend)
    {
        Volatile.Write(ref _backend, backend);
        if (Volatile.Read(ref _aborted) != 0) RelaySocket.Reset(backend);
    }

    // What the service port asks for from the moment on that a backend has taken the connection.
    private void Follow(ServicePort port)
    {
        _toBackend.Begin();
        Volatile.Write(ref _idleTimeoutMs, IdleTimeoutMs(port));
        Volatile.Write(ref _endAfter, QuietEnd.EndAfter(port, Environment.TickCount64));
        _rebalances = port.Rebalance;
    }

    // Without a reason it was the client that went, or we who ended it.
    private void Refuse()
    {
        if (_refusal is { } reason)
        {
            DataplaneMetrics.TcpRefused.Add(1);
            _entry?.Refused(reason);
        }

        Abort();
    }

    private bool IsSilent(long now) =>
        _lastSpeaker == _toClient && now - _toClient.LastReceived >= QuietEnd.SilenceMs && _toBackend.IsIdle && _toClient.IsIdle;

    private bool IsDue(long now)
    {
        if (Volatile.Read(ref _endAfter) is > 0 and var after && now >= after)
        {
            DataplaneMetrics.TcpAged.Add(1);
            return true;
        }

        if (!_rebalances || _counted?.State.TryTakeSurplus() != true) return false;
        DataplaneMetrics.TcpRebalanced.Add(1);
        return true;
    }

    private void NoteSpeaker(StreamCopier speaker) => _lastSpeaker = speaker;

    private void AbortUnlessEnding()
    {
        if (!_ending) Abort();
    }

    // What the backend had said before it failed is still to be had: the connection is reset when that has been passed on, too.
    private void BackendFailed(CopyResult result)
    {
        if (result == CopyResult.DestinationFailed)
        {
            _toClient.SkipEnd();
            if (Interlocked.Exchange(ref _backendEnded, 1) == 0) return;
        }

        AbortUnlessEnding();
    }

    private async Task CopyToClientAsync(Socket backend, Socket client)
    {
        await _toClient.CopyAsync(backend, client, default, _abort);
        if (Interlocked.Exchange(ref _backendEnded, 1) != 0) AbortUnlessEnding();
    }

    // Both were told of the end: no reset, which would take what a slow reader has not read yet.
    private void Close(Socket backend)
    {
        _client!.Dispose();
        backend.Dispose();
    }

    private long IdleTimeoutMs(ServicePort port) =>
        (long)(port.IdleTimeout > TimeSpan.Zero ? port.IdleTimeout : _options.IdleTimeout).TotalMilliseconds;

    private static ReadOnlyMemory<byte> Header(IPEndPoint client, IPEndPoint local)
    {
        var header = new byte[ProxyHeader.MaxSize];
        var length = ProxyHeader.Write(
            header, ClientAddress.From(client.Address), (ushort)client.Port, ClientAddress.From(local.Address), (ushort)local.Port);
        return header.AsMemory(0, length);
    }

    // Counts for one backend at a time: the one being tried, then the one that answered.
    private void Count(Backend? backend)
    {
        lock (_counting)
        {
            CountBytesLocked();
            _counted?.State.Closed();
            _counted = backend;
            backend?.State.Opened();
        }
    }

    private void CountBytesLocked()
    {
        long toBackend = _toBackend.Passed, toClient = _toClient.Passed;
        _counted?.State.Moved(toBackend - _countedToBackend, toClient - _countedToClient);
        (_countedToBackend, _countedToClient) = (toBackend, toClient);
    }

    private static ServiceEntry? InForce(ServiceDirectory directory, Frontend frontend) =>
        directory.Current[frontend.Slot] is { } entry && entry.Port.Id == frontend.Id ? entry : null;

    // No byte has been passed yet, so another backend may be tried as if the first had never been picked: every one once, within the budget.
    private async ValueTask<Socket?> ConnectAsync(ServiceDirectory directory, Frontend frontend, ClientAddress address, Backend? failed)
    {
        var refusal = DropReason.NoBackend;
        var lacksPorts = false;
        // The table is read anew for each attempt: a backend that failed has often just left it.
        while (_connectBy - Environment.TickCount64 is > 0 and var left && InForce(directory, frontend) is { } entry)
        {
            var context = new PickContext(frontend.Scope, address, failed, _tried.Count > 0 ? _tried : null);
            if (entry.Pick(context, out refusal) is not { } backend) break;
            if (failed is not null) entry.State.Traffic.Retried();
            var step = _options.ConnectTimeouts[Math.Min(_tried.Count, _options.ConnectTimeouts.Count - 1)];
            var rest = TimeSpan.FromMilliseconds(left);
            var dialledAt = Stopwatch.GetTimestamp();
            var (socket, error) = await TryConnectAsync(backend, step < rest && entry.HasAnother(context, backend) ? step : rest);
            if (socket is not null)
            {
                entry.State.Traffic.ConnectTimes.Record(Stopwatch.GetElapsedTime(dialledAt));
                // Where bytes are kept, the first byte of its answer counts.
                if (!entry.Port.Replay) directory.Box.Answered(entry, backend);
                return socket;
            }

            if (Volatile.Read(ref _aborted) != 0) return null;
            if (error.IsExhausted())
            {
                // No fault of the backend's, and the next would fare no better.
                refusal = DropReason.Exhausted;
                break;
            }

            failed = backend;
            Leave(backend);
            if (error.IsOutOfPorts())
            {
                // No fault of the backend's either: local ports are used up towards this one, and the next has its own.
                lacksPorts = true;
                continue;
            }

            DataplaneMetrics.TcpConnectFailures.Add(1);
            Blame(directory, entry, backend);
        }

        if (refusal == DropReason.NoBackend && failed is not null) refusal = lacksPorts ? DropReason.Exhausted : DropReason.ConnectFailed;
        _refusal = refusal;
        return null;
    }

    // Not picked again for this connection, and no longer counted as holding it.
    private void Leave(Backend backend)
    {
        _tried.Add(backend);
        Count(null);
    }

    private static void Blame(ServiceDirectory directory, ServiceEntry entry, Backend backend)
    {
        backend.State.Failed();
        directory.Box.Failed(entry, backend);
    }

    /// <summary>Goes from backend to backend until one has answered a byte; returns it with what it is still to be sent first. Null where there is none.</summary>
    private async Task<(Socket? Backend, ReadOnlyMemory<byte> Unsent)> ReplayAsync(
        ServiceDirectory directory, Frontend frontend, ClientAddress address, Socket first, ReadOnlyMemory<byte> header)
    {
        using var phase = new ReplayPhase(_client!, _toBackend, header.Span);
        for (var socket = first; ;)
        {
            var outcome = await phase.RunAsync(socket);
            var backend = _counted!;
            var entry = InForce(directory, frontend);
            // A backend that takes more than is kept works, whatever it will say.
            if (outcome is ReplayOutcome.Answered or ReplayOutcome.Overfull && entry is not null) directory.Box.Answered(entry, backend);
            // An end in order is the backend's word where no other can be asked.
            var stays = outcome is ReplayOutcome.Answered or ReplayOutcome.Overfull
                || (outcome == ReplayOutcome.BackendEnded && entry?.HasAnother(new PickContext(frontend.Scope, address, null, _tried), backend) != true);
            if (stays && await phase.LeaveAsync())
            {
                if (phase.EndIsTold) _toBackend.SkipEnd();
                return (socket, phase.Unsent);
            }

            if (stays || outcome == ReplayOutcome.ClientFailed || entry is null || Volatile.Read(ref _aborted) != 0) return (null, default);
            Volatile.Write(ref _backend, null);
            socket.Dispose();
            Leave(backend);
            if (phase.ClientSpoke) DataplaneMetrics.TcpReplays.Add(1);
            if (FirstBytes.IsFailure(outcome, phase.ClientSpoke)) Blame(directory, entry, backend);
            _connectBy = Environment.TickCount64 + (long)_options.ConnectBudget.TotalMilliseconds;
            if (await ConnectAsync(directory, frontend, address, backend) is not { } next) return (null, default);
            Hold(next);
            socket = next;
        }
    }

    private async ValueTask<(Socket? Socket, SocketError Error)> TryConnectAsync(Backend backend, TimeSpan timeout)
    {
        if (_dial.Open(backend, out var error) is not { } socket) return (null, error);
        Count(backend);
        error = await _dial.ConnectAsync(socket, backend, timeout);
        return (error == SocketError.Success ? socket : null, error);
    }
}
