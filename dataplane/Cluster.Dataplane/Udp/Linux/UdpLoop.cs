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

    private readonly Epoll _epoll = new(EventsPerWait);
    private readonly LoopInbox<UdpLoop> _inbox = new();
    private readonly UdpCounts _counts = DataplaneMetrics.AddUdp();
    private readonly ReceiveBatch _received = new(BatchSize);
    private readonly Dictionary<int, UdpListener> _listeners = [];
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

    public UdpLoop(string name, ServiceDirectory directory, UdpRelayOptions options, int socketLimit, int oneWayLimit, TimeProvider time)
    {
        _directory = directory;
        _time = time;
        _replies = new ReplyQueue(BatchSize, _counts);
        _flows = new LoopFlows(_epoll, options, socketLimit, oneWayLimit, _counts, directory.Sources);
        _sessions = new SessionForwarder(_flows, _received, _counts);
        _questions = new QuestionForwarder(_flows, _received, _counts);
        _oneWay = new OneWayForwarder(_flows, _received, _counts);
        _epoll.Add(_inbox.Descriptor, Epoll.EPOLLIN, WakeData);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Flows being served. Any thread may ask.</summary>
    public int Flows => _flows.Count;

    /// <summary>Has the loop's thread do something. Any thread may ask.</summary>
    public void Post(Action<UdpLoop> action) => _inbox.Post(action);

    /// <summary>Takes over a bound socket.</summary>
    public void AddListener(UdpListener listener)
    {
        _listeners.Add(listener.Descriptor, listener);
        _epoll.Add(listener.Descriptor, Epoll.EPOLLIN, ListenerBit | (uint)listener.Descriptor);
    }

    public void RemoveListener(int descriptor)
    {
        if (!_listeners.Remove(descriptor, out UdpListener? listener)) return;
        _replies.Flush();
        foreach (LoopFlow flow in listener.Flows.ToArray()) _flows.Release(flow);
        SocketCalls.Close(descriptor);
    }

    /// <summary>Ends the flows of a service port whose backend may no longer answer: their next datagram goes to another.</summary>
    public void EndUnserved(ServiceEntry entry)
    {
        foreach (UdpListener listener in _listeners.Values)
        {
            if (listener.Frontend.Slot != entry.Slot) continue;
            foreach (LoopFlow flow in listener.Flows.ToArray())
                if (!IsServed(flow, entry)) End(flow);
            listener.ForgetGone(entry);
        }
    }

    /// <summary>Ends the thread; all sockets are closed.</summary>
    public void Dispose()
    {
        Post(static loop => loop._stopped = true);
        _thread.Join();
        _oneWay.Dispose();
        _epoll.Dispose();
        _inbox.Dispose();
        DataplaneMetrics.RetireUdp(_counts);
    }

    private void Run()
    {
        while (!_stopped)
        {
            int count = _epoll.Wait(WaitMs());
            _flows.Now = NowMs;
            _turn++;
            for (int i = 0; i < count; i++) Handle(_epoll[i]);
            _replies.Flush();
            if (_flows.NextExpiry <= _flows.Now) _flows.Expire();
        }

        foreach (int descriptor in _listeners.Keys.ToArray()) RemoveListener(descriptor);
    }

    private long NowMs => _time.GetTimestamp() / (_time.TimestampFrequency / 1000);

    private int WaitMs() => _flows.NextExpiry is var next && next == long.MaxValue ? -1 : (int)Math.Clamp(next - NowMs, 1, MaxWaitMs);

    private void Handle((uint Events, ulong Data) happened)
    {
        if (happened.Data == WakeData) _inbox.Run(this);
        else if ((happened.Data & ListenerBit) == 0) ReceiveReplies(happened.Data);
        else if (_listeners.TryGetValue((int)(happened.Data & int.MaxValue), out UdpListener? listener)) Receive(listener);
    }

    private void Receive(UdpListener listener)
    {
        int count = _received.Receive(listener.Descriptor);
        if (count <= 0) return;
        ServiceEntry? entry = _directory.Current[listener.Frontend.Slot];
        if (entry is null || entry.Port.Id != listener.Frontend.Id) _counts.Dropped += count;
        else if (entry.Port.UdpMode == UdpMode.OneWay) _oneWay.Forward(listener, entry, count);
        else if (entry.Port.UdpMode == UdpMode.PerDatagram) _questions.Forward(listener, entry, count);
        else _sessions.Forward(listener, entry, count);
        _received.Clear(count);
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
