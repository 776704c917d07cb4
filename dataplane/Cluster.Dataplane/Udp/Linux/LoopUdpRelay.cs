using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>Relays UDP on Linux by event loops of its own, one a core.</summary>
/// <remarks>
/// Every loop has a socket of each frontend, or, where datagrams to virtual addresses can be steered, two of each family for all frontends
/// there. Either way the kernel spreads clients over the loops by a hash of both addresses, so a client's flow stays with one loop and
/// loops share nothing.
/// </remarks>
public sealed class LoopUdpRelay : IFlowRelay
{
    /// <summary>
    /// So many frontends get a socket in every loop; past it each lives in one loop, so that 10,000 services do not take 10,000
    /// descriptors a core.
    /// </summary>
    private const int SharedFrontends = 512;

    private readonly UdpLoop[] _loops;
    private readonly Dictionary<Frontend, OpenFrontend> _frontends = [];
    private readonly Dictionary<int, int> _slots = [];
    private readonly Dictionary<AddressFamily, SteeredSockets[]> _steered = [];
    private readonly ISocketSteering? _steering;
    private readonly UdpRelayOptions _options;
    private readonly HandoverSockets _sockets;
    private int _nextId;
    private int _ownSockets;
    private volatile bool _stopped;

    /// <param name="directory">Read for each batch of datagrams.</param>
    /// <param name="options">Time-outs and bounds.</param>
    /// <param name="loops">Threads; 0: one a core.</param>
    /// <param name="logger">Told where steering is not possible.</param>
    /// <param name="time">What idle time is measured by.</param>
    /// <param name="steering">Brings datagrams to virtual addresses to sockets of the loops; null: each frontend has its own.</param>
    /// <param name="sockets">Where receiving sockets come from and go to; null: from nowhere.</param>
    public LoopUdpRelay(
        ServiceDirectory directory, UdpRelayOptions options, int loops, ILogger logger, TimeProvider time, ISocketSteering? steering = null, HandoverSockets? sockets = null)
    {
        _steering = steering;
        _sockets = sockets ?? new HandoverSockets();
        _options = options;
        int count = loops > 0 ? loops : Environment.ProcessorCount;
        int sessions = options.MaxSessions > 0 ? options.MaxSessions : DescriptorBudget.Of(ResourceLimits.OpenFiles).UdpSessions;
        using var opening = new Opening();
        _loops = [.. Enumerable.Range(0, count).Select(number => opening.Add(new UdpLoop(
            $"udp-loop-{number}", directory, options, Math.Max(1, sessions / count), Math.Max(1, options.MaxOneWayFlows / count), time)))];
        // Before any socket of another process is watched.
        if (_sockets.IsTakingOver) Suspend();
        if (steering is not null) Steer(steering, logger);
        opening.Keep();
    }

    public ServiceProtocol Protocol => ServiceProtocol.Udp;

    /// <summary>Flows being served now.</summary>
    public int Active => _stopped ? 0 : _loops.Sum(loop => loop.Flows);

    public bool TakesSocket(Frontend frontend) => !_steered.ContainsKey(frontend.Address.AddressFamily) || !_steering!.Covers(frontend.Address);

    public void Halve()
    {
        if (_options.MaxSessions > 0) return;
        foreach (UdpLoop loop in _loops) loop.Post(static target => target.Halve());
    }

    public FrontendResult Open(Frontend frontend)
    {
        if (!TakesSocket(frontend)) return OpenSteered(frontend);
        IPEndPoint endPoint = frontend.EndPoint;
        // The predecessor's, each with the clients that the kernel gives it: others beside them would take some of those away.
        int[] descriptors = _sockets.Inherit(ListenerKind.Frontend, ServiceProtocol.Udp, endPoint);
        UdpLoop[] loops = descriptors.Length > 0 || _ownSockets < SharedFrontends ? _loops : [_loops[frontend.Slot % _loops.Length]];
        if (descriptors.Length == 0 && Listen(endPoint, loops.Length, out descriptors) is { IsOpen: false } failure) return failure;
        _ownSockets++;
        foreach (int descriptor in descriptors) _sockets.Add(ListenerKind.Frontend, descriptor);
        // All are bound by now: from the first datagram on a client's flow has the loop that it will keep.
        Add(frontend, isSteered: false, descriptors.Select((descriptor, i) => (loops[i % loops.Length], new UdpListener(_nextId++, descriptor, frontend))));
        return FrontendResult.Opened;
    }

    public void Close(Frontend frontend)
    {
        if (!_frontends.Remove(frontend, out OpenFrontend open)) return;
        if (--_slots[frontend.Slot] == 0) _slots.Remove(frontend.Slot);
        if (open.IsSteered) _steering!.Remove(frontend.Place);
        else _ownSockets--;
        using var closed = new CountdownEvent(open.Listeners.Length);
        foreach ((UdpLoop loop, UdpListener listener) in open.Listeners)
        {
            if (!open.IsSteered) _sockets.Remove(listener.Replies.Descriptor);
            loop.Post(target =>
            {
                target.RemoveListener(listener.Id);
                closed.Signal();
            });
        }

        // A loop runs posted actions within a turn, under a millisecond: when this returns, the port refuses.
        closed.Wait();
    }

    public void Hold() => Suspend();

    public void Begin() => Resume();

    public void LetGo()
    {
        foreach ((_, UdpListener listener) in _frontends.Values.Where(open => !open.IsSteered).SelectMany(open => open.Listeners)) _sockets.Remove(listener.Replies.Descriptor);
        foreach (SteeredSockets steered in _steered.Values.SelectMany(sockets => sockets)) _sockets.Remove(steered.Receiver);
        _frontends.Clear();
        _slots.Clear();
        Stop();
    }

    void IFlowRelay.Suspend() => Suspend();

    void IFlowRelay.Resume() => Resume();

    IReadOnlyList<HandedFlow> IFlowRelay.Flows()
    {
        var flows = new List<HandedFlow>();
        foreach (UdpLoop loop in _loops) Do(loop, target => target.Tell(flows));
        return flows;
    }

    IReadOnlyList<HandedFlow> IFlowRelay.Adopt(IReadOnlyList<HandedFlow> flows)
    {
        // In the order in which a loop keeps them.
        List<HandedFlow> left = [.. flows.OrderByDescending(flow => flow.IdleMs)];
        foreach (UdpLoop loop in _loops)
        {
            List<HandedFlow> offered = left;
            left = [];
            Do(loop, target => target.Adopt(offered, left));
        }

        return left;
    }

    public void BackendsChanged(ServiceEntry entry)
    {
        if (!_slots.ContainsKey(entry.Slot)) return;
        foreach (UdpLoop loop in _loops) loop.Post(target => target.EndUnserved(entry));
    }

    public ValueTask DisposeAsync()
    {
        Stop();
        return ValueTask.CompletedTask;
    }

    private static FrontendResult Listen(IPEndPoint endPoint, int count, out int[] descriptors)
    {
        descriptors = new int[count];
        // A socket of another process would share the port with ours silently if it too asked for SO_REUSEPORT: found out first.
        FrontendResult taken = ListenSockets.Probe(endPoint, ServiceProtocol.Udp);
        if (!taken.IsOpen) return taken;
        for (int i = 0; i < count; i++)
        {
            descriptors[i] = DatagramCalls.Listen(endPoint);
            if (descriptors[i] >= 0) continue;
            FrontendResult failure = ListenSockets.Failure(SocketCalls.Error);
            for (int opened = 0; opened < i; opened++) SocketCalls.Close(descriptors[opened]);
            return failure;
        }

        return FrontendResult.Opened;
    }

    private void Stop()
    {
        if (_stopped) return;
        _stopped = true;
        foreach (UdpLoop loop in _loops) loop.Dispose();
    }

    private void Suspend()
    {
        using var resting = new CountdownEvent(_loops.Length);
        foreach (UdpLoop loop in _loops) loop.Post(target => target.Suspend(resting));
        resting.Wait();
    }

    private void Resume()
    {
        foreach (UdpLoop loop in _loops) loop.Post(static target => target.Resume());
    }

    private static void Do(UdpLoop loop, Action<UdpLoop> action)
    {
        using var done = new ManualResetEventSlim();
        loop.Post(target =>
        {
            action(target);
            done.Set();
        });
        done.Wait();
    }

    private void Steer(ISocketSteering steering, ILogger logger)
    {
        try
        {
            Steer(AddressFamily.InterNetwork, steering, logger);
            // Without IPv6 there are no frontends of it either.
            if (Socket.OSSupportsIPv6) Steer(AddressFamily.InterNetworkV6, steering, logger);
        }
        catch
        {
            // Closed with their loops.
            foreach (SteeredSockets sockets in _steered.Values.SelectMany(sockets => sockets)) _sockets.Remove(sockets.Receiver);
            throw;
        }
    }

    private void Steer(AddressFamily family, ISocketSteering steering, ILogger logger)
    {
        int[] inherited = _sockets.Inherit(ListenerKind.Steered, ServiceProtocol.Udp, new IPEndPoint(family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
        SteeredSockets[] sockets = inherited.Length > 0 ? SteeredSockets.Open(family, inherited) : SteeredSockets.Open(family, _loops.Length);
        if (sockets.Length == 0)
        {
            // That passes, and the relay is made then; sockets of their own would stay.
            if (Shortage.Is(SocketCalls.Error)) throw new Win32Exception(SocketCalls.Error);
            string reason = Marshal.GetPInvokeErrorMessage(SocketCalls.Error);
            logger.LogWarning("UDP service ports have sockets of their own, which the host's listeners may be in the way of: {Reason}", reason);
            return;
        }

        try
        {
            steering.SetReceiver(family, sockets[0].Receiver);
        }
        catch (Win32Exception exception)
        {
            logger.LogWarning("UDP service ports have sockets of their own, which the host's listeners may be in the way of: {Reason}", exception.Message);
            foreach (SteeredSockets opened in sockets) opened.Close();
            return;
        }

        _steered.Add(family, sockets);
        for (int i = 0; i < sockets.Length; i++)
        {
            SteeredSockets own = sockets[i];
            _sockets.Add(ListenerKind.Steered, own.Receiver);
            _loops[i % _loops.Length].Post(target => target.AddSteered(own));
        }
    }

    // Told from the others by the address datagrams are sent to: no socket, nothing that could be taken.
    private FrontendResult OpenSteered(Frontend frontend)
    {
        SteeredSockets[] sockets = _steered[frontend.Address.AddressFamily];
        // A loop with several receivers, of a predecessor with more loops, sends by the first one's sender.
        Add(frontend, isSteered: true, sockets.Take(_loops.Length).Select((own, i) => (_loops[i], new UdpListener(_nextId++, frontend, own))));
        _steering!.Add(frontend.Place);
        return FrontendResult.Opened;
    }

    private void Add(Frontend frontend, bool isSteered, IEnumerable<(UdpLoop Loop, UdpListener Listener)> listeners)
    {
        var open = new OpenFrontend([.. listeners], isSteered);
        _frontends.Add(frontend, open);
        _slots[frontend.Slot] = _slots.GetValueOrDefault(frontend.Slot) + 1;
        foreach ((UdpLoop loop, UdpListener listener) in open.Listeners) loop.Post(target => target.AddListener(listener));
    }

    private readonly record struct OpenFrontend((UdpLoop Loop, UdpListener Listener)[] Listeners, bool IsSteered);
}
