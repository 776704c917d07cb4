using System.Net.Sockets;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>All flows of one loop: found by client, by event, by age. Bounded; used by the loop's thread alone.</summary>
/// <param name="epoll">Watches the sockets of the flows.</param>
/// <param name="options">Time-outs.</param>
/// <param name="socketLimit">Flows with a socket of their own at once.</param>
/// <param name="oneWayLimit">Flows without one at once.</param>
/// <param name="counts">Where the loop counts.</param>
/// <param name="sources">Which backends are spoken to in their clients' names.</param>
internal sealed class LoopFlows(Epoll epoll, UdpRelayOptions options, int socketLimit, int oneWayLimit, UdpCounts counts, SourceKeeping sources)
{
    // An event's data: 31 bits of place, 31 bits of generation; the two above tell other kinds of event.
    private const int PlaceBits = 31;
    private const uint PlaceMask = int.MaxValue;

    /// <summary>Bytes of a flow are added to its backend's at its end, and so long after they came at the latest.</summary>
    private const long ReportPeriodMs = 5000;

    private readonly Dictionary<FlowKey, LoopFlow> _byKey = [];
    private readonly List<LoopFlow> _all = [];
    private readonly Stack<LoopFlow> _free = new();
    private readonly FlowLists _withSocket = new(socketLimit);
    private readonly FlowLists _oneWay = new(oneWayLimit);
    private readonly long _idleMs = (long)options.IdleTimeout.TotalMilliseconds;
    private readonly long _answerMs = (long)options.AnswerTimeout.TotalMilliseconds;
    private int _count;

    /// <summary>When bytes of flows that go on are to be told; <see cref="long.MaxValue"/> without any.</summary>
    public long NextReport { get; private set; } = long.MaxValue;

    /// <summary>The loop's clock, in milliseconds; read once a turn.</summary>
    public long Now { get; set; }

    /// <summary>The cookie of the socket that the batch under way was received by: a frontend may have several in one loop.</summary>
    public ulong Receiver { get; set; }

    /// <summary>Flows open now. Any thread may ask.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>When the next flow will have been idle long enough; <see cref="long.MaxValue"/> without any.</summary>
    public long NextExpiry => Math.Min(_withSocket.NextExpiry, _oneWay.NextExpiry);

    public LoopFlow? Find(in FlowKey key) => _byKey.GetValueOrDefault(key);

    /// <summary>The flow an event is about; null where it has ended since.</summary>
    public LoopFlow? Of(ulong eventData)
    {
        LoopFlow flow = _all[(int)(eventData & PlaceMask)];
        return flow.IsOpen && (flow.Generation & PlaceMask) == (uint)(eventData >> PlaceBits & PlaceMask) ? flow : null;
    }

    /// <summary>True where the next flow of a mode takes the place of another.</summary>
    public bool IsFull(UdpMode mode) => ListsOf(mode).IsFull;

    /// <summary>Half as many with a socket of their own from now on.</summary>
    public void Halve() => _withSocket.Halve();

    /// <summary>Opens a flow to a backend; null where the kernel gives no socket for it.</summary>
    public LoopFlow? Open(UdpListener listener, in FlowKey key, UdpMode mode, Backend backend, ServiceEntry entry)
    {
        while (IsFull(mode)) Evict(mode);
        int descriptor = -1;
        if (mode != UdpMode.OneWay && (descriptor = Connect(backend, SourceOf(listener, key, mode, backend, entry))) < 0) return null;
        return Begin(listener, Receiver, key, mode, backend, entry, descriptor, Now);
    }

    /// <summary>Goes on with a flow of another process, whose socket is this one's from now on; null where the kernel can't watch it.</summary>
    public LoopFlow? Adopt(UdpListener listener, in FlowKey key, HandedFlow handed, Backend backend, ServiceEntry entry)
    {
        while (IsFull(handed.Mode)) Evict(handed.Mode);
        if (Begin(listener, handed.Listener, key, handed.Mode, backend, entry, handed.Descriptor, Now - handed.IdleMs) is not { } flow) return null;
        flow.IsShared = true;
        flow.IsNew = false;
        if (!handed.IsAsked) return flow;
        flow.IsAsked = true;
        backend.State.Opened();
        return flow;
    }

    private LoopFlow? Begin(UdpListener listener, ulong receiver, in FlowKey key, UdpMode mode, Backend backend, ServiceEntry entry, int descriptor, long lastUse)
    {
        if (!_free.TryPop(out LoopFlow? flow))
        {
            flow = new LoopFlow(_all.Count);
            _all.Add(flow);
        }

        flow.Listener = listener;
        flow.Receiver = receiver;
        flow.Mode = mode;
        flow.Key = key;
        flow.ValidFor = entry;
        Enter(flow, lastUse);
        if (!Attach(flow, backend, descriptor))
        {
            Release(flow);
            return null;
        }

        return flow;
    }

    /// <summary>Gives a session to another backend; false where the kernel gives no socket for it, and then the flow has ended.</summary>
    public bool Move(LoopFlow flow, Backend backend, ServiceEntry entry)
    {
        Detach(flow);
        flow.ValidFor = entry;
        int descriptor = Connect(backend, SourceOf(flow.Listener!, flow.Key, flow.Mode, backend, entry));
        if (descriptor >= 0 && Attach(flow, backend, descriptor)) return true;
        Release(flow);
        return false;
    }

    /// <summary>Counts what was received: two plain additions.</summary>
    public void Moved(LoopFlow flow, int fromClient, int fromBackend)
    {
        flow.FromClient += fromClient;
        flow.FromBackend += fromBackend;
        if (NextReport == long.MaxValue) NextReport = Now + ReportPeriodMs;
    }

    /// <summary>Adds what was counted to the backends'. Looks at every flow.</summary>
    public void Report()
    {
        NextReport = long.MaxValue;
        foreach (LoopFlow flow in _all)
            if (flow.IsOpen) Report(flow);
    }

    public void Touch(LoopFlow flow) => flow.List!.Touch(flow, Now);

    /// <summary>A client's question is on its way by the flow.</summary>
    public void Ask(LoopFlow flow, in FlowKey key)
    {
        flow.Key = key;
        flow.Receiver = Receiver;
        flow.IsAsked = true;
        flow.Backend!.State.Opened();
        Touch(flow);
    }

    /// <summary>The question was answered, or never will be.</summary>
    public void EndQuestion(LoopFlow flow)
    {
        flow.IsAsked = false;
        flow.Backend!.State.Closed();
        Touch(flow);
    }

    /// <summary>Ends a flow.</summary>
    public void Release(LoopFlow flow)
    {
        Detach(flow);
        ListsOf(flow.Mode).Remove(flow);
        flow.Listener!.Flows.Remove(flow);
        if (flow.Mode != UdpMode.PerDatagram) _byKey.Remove(flow.Key);
        flow.Clear();
        _free.Push(flow);
        _count--;
        counts.Closed++;
    }

    /// <summary>Ends the flows that have been idle long enough: those alone are looked at.</summary>
    public void Expire()
    {
        while (_withSocket.Expired(Now) is { } flow)
        {
            if (flow.IsAsked)
            {
                counts.Unanswered++;
                flow.Backend!.State.Failed();
            }

            Release(flow);
        }

        while (_oneWay.Expired(Now) is { } flow) Release(flow);
    }

    private FlowLists ListsOf(UdpMode mode) => mode == UdpMode.OneWay ? _oneWay : _withSocket;

    private void Enter(LoopFlow flow, long lastUse)
    {
        ListsOf(flow.Mode).Add(flow, TimeoutMs(flow), lastUse);
        flow.Listener!.Flows.Add(flow);
        // Questions are found by the socket their answer comes to, not by who asked.
        if (flow.Mode != UdpMode.PerDatagram) _byKey.Add(flow.Key, flow);
        _count++;
        counts.Opened++;
    }

    private long TimeoutMs(LoopFlow flow)
    {
        if (flow.Mode == UdpMode.PerDatagram) return _answerMs;
        TimeSpan own = flow.ValidFor!.Port.IdleTimeout;
        return own > TimeSpan.Zero ? (long)own.TotalMilliseconds : _idleMs;
    }

    private bool Attach(LoopFlow flow, Backend backend, int descriptor)
    {
        flow.Backend = backend;
        flow.Descriptor = descriptor;
        flow.IsNew = true;
        if (flow.Mode != UdpMode.PerDatagram) backend.State.Opened();
        return descriptor < 0 || epoll.Add(descriptor, Epoll.EPOLLIN, (uint)flow.Index | (ulong)(flow.Generation & PlaceMask) << PlaceBits);
    }

    private static void Report(LoopFlow flow)
    {
        flow.Backend?.State.Moved(flow.FromClient, flow.FromBackend);
        flow.FromClient = flow.FromBackend = 0;
    }

    private void Detach(LoopFlow flow)
    {
        Report(flow);
        if (flow.Backend is { } backend && (flow.Mode != UdpMode.PerDatagram || flow.IsAsked)) backend.State.Closed();
        flow.Backend = null;
        // Closing takes it out of the epoll set too, where nobody else holds the socket.
        if (flow.Descriptor >= 0 && flow.IsShared) epoll.Remove(flow.Descriptor);
        if (flow.Descriptor >= 0) SocketCalls.Close(flow.Descriptor);
        flow.Descriptor = -1;
        flow.IsShared = false;
    }

    // Sockets of the other modes are shared by clients.
    private ClientAddress? SourceOf(UdpListener listener, in FlowKey key, UdpMode mode, Backend backend, ServiceEntry entry) =>
        mode == UdpMode.Session && sources.Keeps(entry.Port, listener.Frontend.Scope, key.Client, backend) ? key.Client : null;

    private int Connect(Backend backend, ClientAddress? source)
    {
        int descriptor = DatagramCalls.Connect(backend, source);
        if (descriptor >= 0 || !Shortage.Is(SocketCalls.Error)) return descriptor;
        // Not one that has a datagram in the batch under way, nor the one that is being moved.
        if (_withSocket.Oldest is not { BatchHead: < 0, Backend: not null }) return -1;
        Evict(UdpMode.Session);
        return DatagramCalls.Connect(backend, source);
    }

    private void Evict(UdpMode mode)
    {
        if (ListsOf(mode).Oldest is not { } oldest) return;
        counts.Evicted++;
        Release(oldest);
    }
}
