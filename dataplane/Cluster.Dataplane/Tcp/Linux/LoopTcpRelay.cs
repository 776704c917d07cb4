using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Relays TCP on Linux by event loops of its own, one a core.</summary>
public sealed class LoopTcpRelay : IRelay
{
    /// <summary>As the managed path: the kernel cuts it to net.core.somaxconn.</summary>
    private const int Backlog = 4096;

    /// <summary>
    /// So many frontends get a listener in every loop (the kernel then spreads connections); past it each lives in one loop, so that
    /// 10,000 services do not take 10,000 descriptors a core.
    /// </summary>
    private const int SharedFrontends = 512;

    /// <summary>What shared listeners are set up for: clients of every kind.</summary>
    private static readonly Frontend Anywhere = new(default, 0, IPAddress.Any, 0, TrafficScope.Internal);

    private readonly TcpLoop[] _loops;
    private readonly Dictionary<Frontend, (TcpLoop Loop, int Descriptor)[]> _frontends = [];
    private readonly List<(AddressFamily Family, TcpLoop Loop, int Descriptor)> _shared = [];
    private readonly SteeredFrontends _steered = new();
    private readonly ISocketSteering? _steering;
    private readonly HandoverSockets _sockets;
    private readonly List<(TcpLoop Loop, LoopListener Listener)> _held = [];
    private readonly HashSet<AddressFamily> _listening = [];

    // Loops without a listener, for the predecessor had fewer: of a frontend, and of all steered connections of a family.
    private readonly Dictionary<Frontend, TcpLoop[]> _lacking = [];
    private readonly List<(IPAddress Address, TcpLoop[] Loops)> _lackingShared = [];
    private readonly ILogger _logger;
    private readonly TcpRelayOptions _options;
    private bool _holding;

    /// <param name="directory">Read for each pick.</param>
    /// <param name="options">Time-outs and bounds.</param>
    /// <param name="loops">Threads; 0: one a core.</param>
    /// <param name="logger">Told when accepting rests.</param>
    /// <param name="steering">Brings connections to virtual addresses to a listener of each loop; null: each frontend listens itself.</param>
    /// <param name="sockets">Where listening sockets come from and go to; null: from nowhere.</param>
    public LoopTcpRelay(
        ServiceDirectory directory, TcpRelayOptions options, int loops, ILogger logger, ISocketSteering? steering = null, HandoverSockets? sockets = null)
    {
        _steering = steering;
        _sockets = sockets ?? new HandoverSockets();
        _logger = logger;
        _options = options;
        int count = loops > 0 ? loops : Environment.ProcessorCount;
        int limit = options.MaxConnections > 0 ? options.MaxConnections : DescriptorBudget.Of(ResourceLimits.OpenFiles).TcpConnections;
        using var opening = new Opening();
        _loops = [.. Enumerable.Range(0, count).Select(number => opening.Add(new TcpLoop($"tcp-loop-{number}", directory, options, Math.Max(1, limit / count), logger)))];
        opening.Keep();
    }

    public ServiceProtocol Protocol => ServiceProtocol.Tcp;

    /// <summary>Connections being served now.</summary>
    public int Active => _loops.Sum(loop => loop.Connections);

    /// <summary>The same, a loop each.</summary>
    internal IReadOnlyList<int> ActiveByLoop => [.. _loops.Select(loop => loop.Connections)];

    public bool TakesSocket(Frontend frontend) => _steering?.Covers(frontend.Address) != true;

    public FrontendResult Open(Frontend frontend)
    {
        if (!TakesSocket(frontend)) return OpenSteered(frontend);
        TcpLoop[] loops = _frontends.Count < SharedFrontends ? _loops : [_loops[frontend.Slot % _loops.Length]];
        FrontendResult result = Listen(ListenerKind.Frontend, frontend.EndPoint, loops, out List<(TcpLoop Loop, int Descriptor)> listeners);
        if (!result.IsOpen) return result;
        _frontends.Add(frontend, [.. listeners]);
        if (listeners.Count < loops.Length) _lacking.Add(frontend, loops[listeners.Count..]);
        foreach ((TcpLoop loop, int descriptor) in listeners) Add(loop, new LoopListener(descriptor, frontend));
        ListenInAllLoops();
        return FrontendResult.Opened;
    }

    public void Halve()
    {
        if (_options.MaxConnections > 0) return;
        foreach (TcpLoop loop in _loops) loop.Post(static target => target.Halve());
    }

    public void Close(Frontend frontend)
    {
        if (_steered.Remove(frontend)) _steering!.Remove(frontend.Place);
        if (!_frontends.Remove(frontend, out (TcpLoop Loop, int Descriptor)[]? listeners)) return;
        _lacking.Remove(frontend);
        using var closed = new CountdownEvent(listeners.Length);
        foreach ((TcpLoop loop, int descriptor) in listeners)
        {
            _sockets.Remove(descriptor);
            bool isHeld = _held.RemoveAll(held => held.Listener.Descriptor == descriptor) > 0;
            if (isHeld) SocketCalls.Close(descriptor);
            loop.Post(target =>
            {
                if (!isHeld) target.RemoveListener(descriptor);
                closed.Signal();
            });
        }

        // A loop runs posted actions within a turn, under a millisecond: when this returns, the port refuses.
        closed.Wait();
    }

    public void Hold() => _holding = true;

    public void Begin()
    {
        _holding = false;
        foreach ((TcpLoop loop, LoopListener listener) in _held) loop.Post(target => target.AddListener(listener));
        _held.Clear();
        ListenInAllLoops();
    }

    private void ListenInAllLoops()
    {
        // Before it serves, what waits in listeners of its own would be lost if this process ended.
        if (_holding) return;
        foreach ((Frontend frontend, TcpLoop[] loops) in _lacking) _frontends[frontend] = [.. _frontends[frontend], .. ListenToo(frontend, loops)];
        foreach ((IPAddress address, TcpLoop[] loops) in _lackingShared) ListenForAllToo(address, loops);
        _lacking.Clear();
        _lackingShared.Clear();
    }

    public void LetGo()
    {
        foreach ((TcpLoop loop, int descriptor) in _frontends.Values.SelectMany(listeners => listeners).Concat(_shared.Select(shared => (shared.Loop, shared.Descriptor))))
        {
            _sockets.Remove(descriptor);
            loop.Post(target => target.RemoveListener(descriptor));
        }

        _frontends.Clear();
        _shared.Clear();
    }

    // Established connections stay with their backend: a pod on its way out finishes what it began.
    public void BackendsChanged(ServiceEntry entry)
    {
    }

    // Its place is told from the others' by the address connections are made to: no socket, nothing that could be taken.
    private FrontendResult OpenSteered(Frontend frontend)
    {
        if (!_listening.Contains(frontend.Address.AddressFamily))
        {
            // By family: a host without one serves the other, and its frontends of the missing one say so and are tried again.
            FrontendResult opened = ListenForAll(frontend.Address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback);
            if (!opened.IsOpen) return opened;
            _listening.Add(frontend.Address.AddressFamily);
        }

        if (!_steered.TryAdd(frontend)) return new FrontendResult(FrontendError.PortInUse, "another service has this address and port");
        _steering!.Add(frontend.Place);
        return FrontendResult.Opened;
    }

    /// <summary>A listener in every loop, on a port of the kernel's choice: what reaches it there and not by a service's address is reset.</summary>
    private FrontendResult ListenForAll(IPAddress address)
    {
        FrontendResult result = Listen(ListenerKind.Steered, new IPEndPoint(address, 0), _loops, out List<(TcpLoop Loop, int Descriptor)> listeners);
        if (!result.IsOpen) return result;
        if (listeners.Count < _loops.Length) _lackingShared.Add((address, _loops[listeners.Count..]));
        Share(address.AddressFamily, listeners);
        ListenInAllLoops();
        return FrontendResult.Opened;
    }

    private void Share(AddressFamily family, List<(TcpLoop Loop, int Descriptor)> listeners)
    {
        _shared.AddRange(listeners.Select(pair => (family, pair.Loop, pair.Descriptor)));
        _steering!.SetListeners(family, [.. _shared.Where(shared => shared.Family == family).Select(shared => shared.Descriptor)]);
        foreach ((TcpLoop loop, int descriptor) in listeners) Add(loop, new LoopListener(descriptor, Anywhere, _steered));
    }

    // What is there serves either way.
    private List<(TcpLoop Loop, int Descriptor)> ListenToo(Frontend frontend, TcpLoop[] loops)
    {
        FrontendResult result = OpenListeners(ListenerKind.Frontend, frontend.EndPoint, loops, out List<(TcpLoop Loop, int Descriptor)> listeners);
        if (!result.IsOpen) _logger.LogWarning("{EndPoint} keeps to the threads it had before the restart: {Reason}", frontend.EndPoint, result.Message);
        foreach ((TcpLoop loop, int descriptor) in listeners) Add(loop, new LoopListener(descriptor, frontend));
        return listeners;
    }

    private void ListenForAllToo(IPAddress address, TcpLoop[] loops)
    {
        FrontendResult result = OpenListeners(ListenerKind.Steered, new IPEndPoint(address, 0), loops, out List<(TcpLoop Loop, int Descriptor)> listeners);
        if (!result.IsOpen) _logger.LogWarning("Service addresses keep to the threads they had before the restart: {Reason}", result.Message);
        else Share(address.AddressFamily, listeners);
    }

    /// <summary>A listening socket for each loop: the predecessor's where it has left some, for connections may wait in them, otherwise new ones.</summary>
    private FrontendResult Listen(ListenerKind kind, IPEndPoint endPoint, TcpLoop[] loops, out List<(TcpLoop Loop, int Descriptor)> listeners)
    {
        int[] inherited = _sockets.Inherit(kind, ServiceProtocol.Tcp, endPoint);
        if (inherited.Length == 0)
        {
            // A listener of another process would share the port with ours silently if it too asked for SO_REUSEPORT: found out first.
            FrontendResult taken = kind == ListenerKind.Steered ? FrontendResult.Opened : ListenSockets.Probe(endPoint);
            listeners = [];
            return taken.IsOpen ? OpenListeners(kind, endPoint, loops, out listeners) : taken;
        }

        listeners = [.. inherited.Select((descriptor, index) => (loops[index % loops.Length], descriptor))];
        foreach ((_, int descriptor) in listeners) _sockets.Add(kind, descriptor);
        return FrontendResult.Opened;
    }

    // One in each of the loops, or none.
    private FrontendResult OpenListeners(ListenerKind kind, IPEndPoint endPoint, TcpLoop[] loops, out List<(TcpLoop Loop, int Descriptor)> listeners)
    {
        listeners = [];
        foreach (TcpLoop loop in loops)
        {
            int descriptor = SocketCalls.ListenTcp(endPoint, Backlog);
            if (descriptor < 0)
            {
                FrontendResult failure = ListenSockets.Failure(SocketCalls.Error);
                foreach ((_, int opened) in listeners) SocketCalls.Close(opened);
                listeners.Clear();
                return failure;
            }

            listeners.Add((loop, descriptor));
        }

        foreach ((_, int descriptor) in listeners) _sockets.Add(kind, descriptor);
        return FrontendResult.Opened;
    }

    private void Add(TcpLoop loop, LoopListener listener)
    {
        if (_holding) _held.Add((loop, listener));
        else loop.Post(target => target.AddListener(listener));
    }

    public ValueTask DisposeAsync()
    {
        foreach ((_, LoopListener listener) in _held) SocketCalls.Close(listener.Descriptor);
        foreach (TcpLoop loop in _loops) loop.Dispose();
        return ValueTask.CompletedTask;
    }
}
