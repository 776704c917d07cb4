using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>One thread that carries datagrams both ways for all its frontends: epoll, and buffers and headers made once for all of them.</summary>
/// <remarks>
/// Everything but <see cref="Post"/> and <see cref="Flows"/> belongs to the loop's thread: no locks. Per flow a descriptor and a few
/// hundred bytes; per datagram no allocation.
/// </remarks>
internal sealed class UdpLoop : IDisposable
{
    /// <summary>Datagrams received or sent by one call: enough to pay for it, few enough that the first one's wait stays short.</summary>
    private const int BatchSize = 32;

    /// <summary>Events taken at once: enough to pay for the call, few enough that the last one's wait stays short.</summary>
    private const int EventsPerWait = 256;

    /// <summary>Answers taken from one flow before another has its turn.</summary>
    private const int RepliesPerTurn = 16;

    /// <summary>Turns in a row with a reply from one flow, from which on more than one is taken from it.</summary>
    private const int Streak = 3;

    /// <summary>Turns without trying again after that was in vain.</summary>
    private const int StreakRest = 32;

    /// <summary>The longest sleep while there are flows: so late is a change of the clock noticed at most.</summary>
    private const int MaxWaitMs = 1000;

    private const ulong WakeData = ulong.MaxValue;
    private const ulong ListenerBit = 1ul << 63;
    private const ulong SteeredBit = 1ul << 62;

    private readonly Epoll _epoll;
    private readonly Epoll _quiet;
    private readonly LoopInbox<UdpLoop> _inbox;
    private readonly UdpCounts _counts;
    private readonly ReceiveBatch _received = new(BatchSize);
    private readonly ListenerSet _listeners = new();
    private readonly List<SteeredSockets> _steered = [];
    private readonly ReplyQueue _replies;
    private readonly LoopFlows _flows;
    private readonly SessionForwarder _sessions;
    private readonly QuestionForwarder _questions;
    private readonly OneWayForwarder _oneWay;
    private readonly ServiceDirectory _directory;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private long _turn;
    private bool _stopped;
    private bool _rests;
    private CountdownEvent? _resting;

    public UdpLoop(string name, ServiceDirectory directory, UdpRelayOptions options, int socketLimit, int oneWayLimit, TimeProvider time)
    {
        using var opening = new Opening();
        _epoll = opening.Add(new Epoll(EventsPerWait));
        _quiet = opening.Add(new Epoll(1));
        _inbox = opening.Add(new LoopInbox<UdpLoop>());
        _counts = DataplaneMetrics.AddUdp();
        _directory = directory;
        _time = time;
        _replies = new ReplyQueue(BatchSize, _counts);
        _flows = new LoopFlows(_epoll, options, socketLimit, oneWayLimit, _counts, directory.Sources);
        _sessions = new SessionForwarder(_flows, _received, _counts);
        _questions = new QuestionForwarder(_flows, _received, _counts);
        _oneWay = new OneWayForwarder(_flows, _received, _counts);
        _epoll.Add(_inbox.Descriptor, Epoll.EPOLLIN, WakeData);
        // While it rests nothing else wakes it: what comes waits in the sockets, and not one of them has to be touched for that.
        _quiet.Add(_inbox.Descriptor, Epoll.EPOLLIN, WakeData);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.TryStart();
        opening.Keep();
    }

    /// <summary>Flows being served. Any thread may ask.</summary>
    public int Flows => _flows.Count;

    /// <summary>Has the loop's thread do something. Any thread may ask.</summary>
    public void Post(Action<UdpLoop> action) => _inbox.Post(action);

    /// <summary>Holds half as many flows with a socket of their own at most from now on.</summary>
    public void Halve() => _flows.Halve();

    /// <summary>Takes over the sockets of a family that datagrams of many frontends are steered to.</summary>
    public void AddSteered(SteeredSockets sockets)
    {
        _epoll.Add(sockets.Receiver, Epoll.EPOLLIN, SteeredBit | (uint)_steered.Count);
        _steered.Add(sockets);
    }

    /// <summary>Serves a frontend from now on; its socket, where it has one of its own, is taken over.</summary>
    public void AddListener(UdpListener listener)
    {
        _listeners.Add(listener);
        if (!listener.IsSteered) _epoll.Add(listener.Replies.Descriptor, Epoll.EPOLLIN, ListenerBit | (uint)listener.Id);
    }

    public void RemoveListener(int id)
    {
        if (_listeners.Remove(id) is not { } listener) return;
        _replies.Flush();
        foreach (LoopFlow flow in listener.Flows.ToArray()) _flows.Release(flow);
        if (listener.IsSteered) return;
        // Closing alone would leave the socket watched where another process has it too.
        _epoll.Remove(listener.Replies.Descriptor);
        SocketCalls.Close(listener.Replies.Descriptor);
    }

    /// <summary>Receives nothing any more until <see cref="Resume"/>.</summary>
    /// <param name="resting">Told once the turn under way is over.</param>
    public void Suspend(CountdownEvent resting)
    {
        _rests = true;
        _resting = resting;
    }

    public void Resume() => _rests = false;

    /// <summary>The flows another process can go on with; while it rests.</summary>
    public void Tell(List<HandedFlow> into)
    {
        long now = NowMs;
        foreach (UdpListener listener in _listeners.All)
        {
            foreach (LoopFlow flow in listener.Flows)
            {
                // A socket between two questions is nobody's.
                if (flow.Mode == UdpMode.PerDatagram && !flow.IsAsked) continue;
                FlowKey key = flow.Key;
                // From here on another process may have the socket, and keep it whatever becomes of the handover.
                flow.IsShared = true;
                into.Add(new HandedFlow(
                    flow.Receiver, listener.Frontend.Place, key.Client, key.Port, key.Scope, key.Local,
                    flow.Mode, flow.IsAsked, HandedBackend.Of(flow.Backend!), Math.Max(0, now - flow.LastUse), flow.Descriptor));
            }
        }
    }

    /// <summary>Goes on with flows of another process that come in by this loop's sockets, and adds the rest to <paramref name="left"/>. Closes those of backends that serve no more.</summary>
    /// <param name="flows">Those used longest ago first.</param>
    /// <param name="left">What is not of this loop.</param>
    public void Adopt(IReadOnlyList<HandedFlow> flows, List<HandedFlow> left)
    {
        _flows.Now = NowMs;
        Dictionary<(ulong, Place), UdpListener> listeners = ByPlace();
        foreach (HandedFlow handed in flows)
        {
            if (!listeners.TryGetValue((handed.Listener, handed.Frontend), out UdpListener? listener)) left.Add(handed);
            else if (!TryAdopt(listener, handed) && handed.Descriptor >= 0) SocketCalls.Close(handed.Descriptor);
        }
    }

    /// <summary>Ends the flows of a service port whose backend may no longer answer: their next datagram goes to another.</summary>
    public void EndUnserved(ServiceEntry entry)
    {
        foreach (UdpListener listener in _listeners.Of(entry.Slot))
        {
            foreach (LoopFlow flow in listener.Flows.ToArray())
                if (!IsServed(flow, entry)) End(flow);
            listener.ForgetGone(entry);
        }
    }

    private Dictionary<(ulong Receiver, Place Frontend), UdpListener> ByPlace()
    {
        var listeners = new Dictionary<(ulong, Place), UdpListener>();
        foreach (UdpListener listener in _listeners.All)
        {
            if (!listener.IsSteered)
            {
                listeners[(listener.Cookie, listener.Frontend.Place)] = listener;
                continue;
            }

            // By whichever receiver of its family it comes.
            foreach (SteeredSockets sockets in _steered)
                if (sockets.Family == listener.Frontend.Address.AddressFamily) listeners[(sockets.Cookie, listener.Frontend.Place)] = listener;
        }

        return listeners;
    }

    private bool TryAdopt(UdpListener listener, HandedFlow handed)
    {
        ServiceEntry? entry = _directory.Current[listener.Frontend.Slot];
        if (entry is null || entry.Port.Id != listener.Frontend.Id || entry.Port.UdpMode != handed.Mode) return false;
        if ((handed.Descriptor < 0) != (handed.Mode == UdpMode.OneWay)) return false;
        // The managed path does not know which of the node's addresses a client speaks to: here it would never be found again.
        if (!listener.Knows(handed.Local)) return false;
        // A question under way may still be answered by a backend that has only just been told to end.
        if (handed.Backend.In(entry) is not { } backend) return false;
        if (!handed.IsAsked && !entry.Serves(backend, listener.Frontend.Scope, handed.Client)) return false;
        var key = new FlowKey(handed.Client, handed.Scope, handed.Port, listener.Id, handed.Local);
        if (!handed.IsAsked && _flows.Find(key) is not null) return false;
        // Where the kernel can't watch it, it has been closed there.
        _flows.Adopt(listener, key, handed, backend, entry);
        return true;
    }

    /// <summary>Ends the thread; all sockets are closed.</summary>
    public void Dispose()
    {
        Post(static loop => loop._stopped = true);
        _thread.Join();
        _oneWay.Dispose();
        _epoll.Dispose();
        _quiet.Dispose();
        _inbox.Dispose();
        DataplaneMetrics.RetireUdp(_counts);
    }

    private void Run()
    {
        while (!_stopped)
        {
            if (_rests) TellResting();
            Epoll watched = _rests ? _quiet : _epoll;
            int count = watched.Wait(_rests ? -1 : WaitMs());
            _flows.Now = NowMs;
            _turn++;
            for (int i = 0; i < count; i++) Handle(watched[i]);
            _replies.Flush();
            if (!_rests && _flows.NextExpiry <= _flows.Now) _flows.Expire();
            if (_flows.NextReport <= _flows.Now) _flows.Report();
        }

        foreach (int id in _listeners.Ids.ToArray()) RemoveListener(id);
        foreach (SteeredSockets sockets in _steered) sockets.Close();
        TellResting();
    }

    private void TellResting()
    {
        _resting?.Signal();
        _resting = null;
    }

    private long NowMs => _time.GetTimestamp() / (_time.TimestampFrequency / 1000);

    private int WaitMs() => Math.Min(_flows.NextExpiry, _flows.NextReport) is var next && next == long.MaxValue ? -1 : (int)Math.Clamp(next - NowMs, 1, MaxWaitMs);

    private void Handle((uint Events, ulong Data) happened)
    {
        if (happened.Data == WakeData) _inbox.Run(this);
        else if ((happened.Data & ListenerBit) != 0) Receive((int)(happened.Data & int.MaxValue));
        else if ((happened.Data & SteeredBit) != 0) Receive(_steered[(int)(happened.Data & int.MaxValue)]);
        else ReceiveReplies(happened.Data);
    }

    private void Receive(int id)
    {
        if (_listeners.Find(id) is not { } listener) return;
        int count = _received.Receive(listener.Replies.Descriptor);
        if (count <= 0) return;
        _flows.Receiver = listener.Cookie;
        Forward(listener, 0, count);
        _received.Clear(count);
    }

    // Datagrams for one frontend that follow each other are passed on together.
    private void Receive(SteeredSockets sockets)
    {
        int count = _received.Receive(sockets.Receiver);
        if (count <= 0) return;
        _flows.Receiver = sockets.Cookie;
        for (int first = 0, end; first < count; first = end)
        {
            ClientAddress address = _received.OriginalDestination(first, out ushort port);
            for (end = first + 1; end < count; end++)
                if (_received.OriginalDestination(end, out ushort other) != address || other != port) break;
            if (Steered(address, port) is { } listener) Forward(listener, first, end - first);
            else _counts.Dropped += end - first;
        }

        _received.Clear(count);
    }

    // A place is allowed after this loop was told of it, but its first datagram may be found before the message.
    private UdpListener? Steered(ClientAddress address, ushort port)
    {
        if (_listeners.FindSteered(address, port) is { } known) return known;
        _inbox.Run(this);
        return _listeners.FindSteered(address, port);
    }

    private void Forward(UdpListener listener, int first, int count)
    {
        ServiceEntry? entry = _directory.Current[listener.Frontend.Slot];
        if (entry is null || entry.Port.Id != listener.Frontend.Id) _counts.Dropped += count;
        else if (entry.Port.UdpMode == UdpMode.OneWay) _oneWay.Forward(listener, entry, first, count);
        else if (entry.Port.UdpMode == UdpMode.PerDatagram) _questions.Forward(listener, entry, first, count);
        else _sessions.Forward(listener, entry, first, count);
    }

    private void ReceiveReplies(ulong eventData)
    {
        if (_flows.Of(eventData) is not { } flow) return;
        int limit = RepliesFrom(flow);
        for (int taken = 0; taken < limit; taken++)
        {
            if (_replies.IsFull) _replies.Flush();
            int length = (int)SocketCalls.Receive(flow.Descriptor, _replies.Slot);
            if (length < 0)
            {
                // A datagram of ours that was too large for the way is told here too, and says nothing of the backend.
                if (SocketCalls.Error is Errno.EINTR or Errno.EMSGSIZE) continue;
                if (SocketCalls.Error != Errno.EAGAIN) Refused(flow);
                else if (taken == 1) flow.Streak = -StreakRest;
                return;
            }

            _flows.Moved(flow, 0, length);
            if (flow.Mode == UdpMode.PerDatagram)
            {
                Answer(flow, length);
                return;
            }

            _replies.Add(flow.Listener!, flow.Key, length);
            if (taken == 0) _flows.Touch(flow);
        }
    }

    // One datagram of a socket at a time and no look for a second: epoll tells of it if there is one, and costs less than a call in vain.
    // A backend that sends turn after turn has most likely several waiting.
    private int RepliesFrom(LoopFlow flow)
    {
        flow.Streak = flow.LastTurn == _turn - 1 ? flow.Streak + 1 : Math.Min(flow.Streak, 0);
        flow.LastTurn = _turn;
        return flow.Streak >= Streak ? RepliesPerTurn : 1;
    }

    private void Answer(LoopFlow flow, int length)
    {
        // A second answer to a question has nobody to go to.
        if (!flow.IsAsked) return;
        _replies.Add(flow.Listener!, flow.Key, length);
        _questions.Answered(flow);
    }

    // The network says that the backend is not there: the flow goes on with another, if there is one.
    private void Refused(LoopFlow flow)
    {
        ServiceEntry? entry = _directory.Current[flow.Listener!.Frontend.Slot];
        if (flow.Mode == UdpMode.Session && entry is not null && entry.Port.Id == flow.Listener.Frontend.Id)
        {
            _sessions.MoveOn(flow, entry);
            return;
        }

        flow.Backend!.State.Failed();
        _flows.Release(flow);
    }

    private static bool IsServed(LoopFlow flow, ServiceEntry entry)
    {
        Frontend frontend = flow.Listener!.Frontend;
        return frontend.Id == entry.Port.Id && flow.Mode == entry.Port.UdpMode && entry.Serves(flow.Backend!, frontend.Scope, flow.Key.Client);
    }

    // A question under way may still be answered: the backend has only just been told to end.
    private void End(LoopFlow flow)
    {
        if (flow.IsAsked) flow.IsRetired = true;
        else _flows.Release(flow);
    }
}
