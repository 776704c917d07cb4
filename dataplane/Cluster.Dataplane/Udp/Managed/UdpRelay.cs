using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>Relays UDP with the runtime's own sockets: any operating system, no privileges.</summary>
/// <remarks>
/// A client socket talking to a service is a session with a connected socket of its own, so backends tell clients apart and errors
/// find their way back. Per datagram: a lock-free look-up, no allocation.
/// </remarks>
public sealed class UdpRelay : IFlowRelay
{
    private static readonly TimeSpan MaxSweepPeriod = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Frontend, UdpFrontend[]> _frontends = [];
    private readonly List<UdpFrontend> _closed = [];
    private readonly Dictionary<BackendState, OneWayTarget> _targets = [];
    private readonly ITimer _sweep;
    private readonly UdpRelayOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly HandoverSockets _sockets;
    private readonly List<UdpSession> _adopted = [];
    private int _nextId;
    private int _pumps;
    private bool _holding;

    public UdpRelay(ServiceDirectory directory, UdpRelayOptions options, ILogger logger, TimeProvider time, HandoverSockets? sockets = null)
    {
        _sockets = sockets ?? new HandoverSockets();
        Directory = directory;
        _options = options;
        _logger = logger;
        _time = time;
        OneWay = new UdpFlowTable(options.MaxOneWayFlows, Counts);
        Sessions = new UdpFlowTable(options.MaxSessions > 0 ? options.MaxSessions : DescriptorBudget.Of(ResourceLimits.OpenFiles).UdpSessions, Counts);
        // A quarter of the shortest time-out, but a second at most, for services may have shorter ones: so much longer a silent flow may live.
        var shortest = options.IdleTimeout < options.AnswerTimeout ? options.IdleTimeout : options.AnswerTimeout;
        var period = shortest / 4 < MaxSweepPeriod ? shortest / 4 : MaxSweepPeriod;
        _sweep = time.CreateTimer(_ => SweepIdle(), null, period, period);
    }

    public void Halve()
    {
        if (_options.MaxSessions == 0) Sessions.Halve();
    }

    public ServiceProtocol Protocol => ServiceProtocol.Udp;

    /// <summary>Sessions open now.</summary>
    public int Active => Sessions.Count + OneWay.Count;

    internal ServiceDirectory Directory { get; }

    /// <summary>Flows with a socket of their own.</summary>
    internal UdpFlowTable Sessions { get; }

    /// <summary>Flows without one.</summary>
    internal UdpFlowTable OneWay { get; }

    /// <summary>What datagrams are received into.</summary>
    internal DatagramBuffers Buffers { get; } = new();

    /// <summary>Closed while another process is told of the flows.</summary>
    internal RestGate Gate { get; } = new();

    /// <summary>Written by several threads: by <see cref="Interlocked"/> alone.</summary>
    internal UdpCounts Counts { get; } = DataplaneMetrics.AddUdp();

    public FrontendResult Open(Frontend frontend)
    {
        // A predecessor of the loop path has left one for each of its loops.
        var sockets = _sockets.InheritSockets(ListenerKind.Frontend, ServiceProtocol.Udp, frontend.EndPoint);
        if (sockets.Length == 0)
        {
            var (socket, result) = ListenSockets.Open(frontend.EndPoint, ServiceProtocol.Udp);
            if (socket is null) return result;
            sockets = [socket];
        }

        var frontends = Array.ConvertAll(sockets, socket => new UdpFrontend(this, frontend, _nextId++, socket));
        _frontends.Add(frontend, frontends);
        foreach (var opened in frontends) _sockets.Add(ListenerKind.Frontend, opened.Descriptor);
        if (!_holding) foreach (var opened in frontends) opened.Start();
        return FrontendResult.Opened;
    }

    public void Close(Frontend frontend)
    {
        if (!_frontends.Remove(frontend, out var open)) return;
        _closed.RemoveAll(static closed => closed.Completion.IsCompleted);
        foreach (var closing in open)
        {
            _sockets.Remove(closing.Descriptor);
            closing.Dispose();
            Sessions.RemoveFrontend(closing.Id);
            OneWay.RemoveFrontend(closing.Id);
            _closed.Add(closing);
        }
    }

    public void Hold() => _holding = true;

    public void Begin()
    {
        _holding = false;
        foreach (var opened in _frontends.Values.SelectMany(frontends => frontends)) opened.Start();
        foreach (var session in _adopted) StartPump(session);
        _adopted.Clear();
    }

    public void LetGo()
    {
        foreach (var open in _frontends.Values.SelectMany(frontends => frontends)) open.Abandon();
        foreach (var session in Sessions.All) session.Abandon();
        foreach (var frontend in _frontends.Keys.ToArray()) Close(frontend);
        // Whose loops rested: they find their sockets closed.
        Gate.Open();
    }

    void IFlowRelay.Suspend() => Gate.Close();

    void IFlowRelay.Resume() => Gate.Open();

    IReadOnlyList<HandedFlow> IFlowRelay.Flows() => [.. Sessions.All.Concat(OneWay.All).Select(flow => flow.Frontend.Tell(flow)).OfType<HandedFlow>()];

    IReadOnlyList<HandedFlow> IFlowRelay.Adopt(IReadOnlyList<HandedFlow> flows)
    {
        var frontends = _frontends.Values.SelectMany(frontends => frontends).ToDictionary(frontend => (frontend.Cookie, frontend.Frontend.Place));
        var left = new List<HandedFlow>();
        foreach (var handed in flows)
        {
            if (!frontends.TryGetValue((handed.Listener, handed.Frontend), out var frontend)) left.Add(handed);
            else if (frontend.Adopt(handed) is null && handed.Descriptor >= 0) SocketCalls.Close(handed.Descriptor);
        }

        return left;
    }

    public void BackendsChanged(ServiceEntry entry)
    {
        Sessions.RemoveUnserved(entry);
        OneWay.RemoveUnserved(entry);
        if (entry.Port.UdpMode != UdpMode.PerDatagram) return;
        foreach (var open in _frontends.Where(pair => pair.Key.Slot == entry.Slot).SelectMany(pair => pair.Value)) open.ForgetGone(entry);
    }

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        Gate.Open();
        foreach (var frontend in _frontends.Keys.ToArray()) Close(frontend);
        await Task.WhenAll(_closed.Select(closed => closed.Completion));
        // A datagram in flight while its frontend closed may have opened one more session.
        Sessions.RemoveAll();
        OneWay.RemoveAll();
        RemoveIdle();
        while (Volatile.Read(ref _pumps) > 0) await Task.Yield();
        DataplaneMetrics.RetireUdp(Counts);
    }

    internal UdpSession? OpenSession(UdpFrontend frontend, in UdpSessionKey key, SocketAddress client, Backend backend, ServiceEntry entry)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            try
            {
                var session = new UdpSession(frontend, key, client, backend, IdleTimeoutOf(entry), _time) { ValidFor = entry };
                Sessions.Add(session);
                return session;
            }
            catch (SocketException exception)
            {
                if (!MakeRoom(exception, frontend, backend)) return null;
            }
        }

        return null;
    }

    internal UdpQuestion? OpenQuestion(UdpFrontend frontend, in UdpSessionKey key, SocketAddress client, Backend backend, ServiceEntry entry)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            try
            {
                var question = new UdpQuestion(frontend, key, client, backend, _options.AnswerTimeout, _time) { ValidFor = entry };
                Sessions.Add(question);
                return question;
            }
            catch (SocketException exception)
            {
                if (!MakeRoom(exception, frontend, backend)) return null;
            }
        }

        return null;
    }

    internal OneWayFlow? OpenOneWay(UdpFrontend frontend, in UdpSessionKey key, Backend backend, ServiceEntry entry)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            try
            {
                var flow = new OneWayFlow(frontend, key, backend, TargetOf(backend), IdleTimeoutOf(entry), _time) { ValidFor = entry };
                OneWay.Add(flow);
                return flow;
            }
            catch (SocketException exception)
            {
                if (!MakeRoom(exception, frontend, backend)) return null;
            }
        }

        return null;
    }

    /// <summary>Goes on with a flow of another process. Its answers are carried home from <see cref="Begin"/> on.</summary>
    /// <returns>Null where there is no socket to be had, for a mode whose flows share theirs.</returns>
    internal UdpFlow? Adopt(UdpFrontend frontend, in UdpSessionKey key, SocketAddress client, Backend backend, ServiceEntry entry, HandedFlow handed)
    {
        UdpFlow? flow = handed.Mode switch
        {
            UdpMode.OneWay => OpenOneWay(frontend, key, backend, entry),
            UdpMode.PerDatagram => Adopt(new UdpQuestion(frontend, key, client, backend, HandoverSockets.Wrap(handed.Descriptor), _options.AnswerTimeout, _time)),
            _ => Adopt(new UdpSession(frontend, key, client, backend, HandoverSockets.Wrap(handed.Descriptor), IdleTimeoutOf(entry), _time)),
        };
        if (flow is null) return null;
        flow.ValidFor = entry;
        if (flow is UdpQuestion question && handed.IsAsked) question.Ask(client);
        flow.TouchedBefore(TimeSpan.FromMilliseconds(handed.IdleMs));
        return flow;
    }

    /// <summary>Begins to carry a session's replies home.</summary>
    internal void StartPump(UdpSession session)
    {
        Interlocked.Increment(ref _pumps);
        _ = PumpAsync(session);
    }

    private UdpSession Adopt(UdpSession session)
    {
        session.IsNew = false;
        Sessions.Add(session);
        _adopted.Add(session);
        return session;
    }

    // Counted in _pumps, which DisposeAsync waits for.
    private async Task PumpAsync(UdpSession session)
    {
        await session.PumpRepliesAsync();
        // While another process is told of it, it stays open: its number could be another's.
        while (!Gate.TryEnter()) await Gate.Opened;
        // A refused one stays known, closed: the client's next datagram finds by it which backend to leave.
        if (session.IsRefused) session.Backend.State.Failed();
        if (session.IsRefused && session.Mode == UdpMode.Session) session.Dispose();
        else Sessions.Remove(session);
        Gate.Exit();
        Interlocked.Decrement(ref _pumps);
    }

    /// <summary>True where another attempt may go better.</summary>
    private bool MakeRoom(SocketException exception, UdpFrontend frontend, Backend backend)
    {
        if (exception.SocketErrorCode == SocketError.TooManyOpenSockets)
        {
            Sessions.EvictOldest();
            return true;
        }

        _logger.LogDebug(exception, "No session to {Backend} for {Frontend}", backend, frontend.Frontend);
        return false;
    }

    private TimeSpan IdleTimeoutOf(ServiceEntry entry) => entry.Port.IdleTimeout > TimeSpan.Zero ? entry.Port.IdleTimeout : _options.IdleTimeout;

    private OneWayTarget TargetOf(Backend backend)
    {
        lock (_targets)
        {
            if (_targets.TryGetValue(backend.State, out var known) && !known.IsRefused) return known;
            var target = new OneWayTarget(backend);
            known?.Dispose();
            _targets[backend.State] = target;
            return target;
        }
    }

    private void SweepIdle()
    {
        if (!Gate.TryEnter()) return;
        RemoveIdle();
        Gate.Exit();
    }

    private void RemoveIdle()
    {
        Sessions.RemoveIdle();
        OneWay.RemoveIdle();
        // A target is a backend's, not a flow's: it goes when no flow of any frontend counts for the backend.
        lock (_targets)
        {
            foreach (var (state, target) in _targets)
            {
                if (state.Active > 0) continue;
                _targets.Remove(state);
                target.Dispose();
            }
        }
    }
}
