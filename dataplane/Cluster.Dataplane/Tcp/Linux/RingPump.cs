using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Uring;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Passes the bytes of a loop's connections that exchange small messages through an io_uring: two system calls for all of them a turn.</summary>
/// <remarks>
/// The ring does one thing, the steady state: what a multishot receive brings is sent on. Whatever else happens (an end, a slow reader, a
/// stream that fills whole buffers, a connection given up) makes the connection leave: its operations are ended, what was received and not
/// sent is handed over in order, and epoll goes on from there. Used by its loop's thread alone.
/// </remarks>
internal sealed class RingPump : IDisposable
{
    /// <summary>Enough for a turn's sends; more are submitted in between.</summary>
    private const int Entries = 1024;

    /// <summary>Small messages fit, and what does not is a stream, which epoll passes on in larger pieces.</summary>
    public const int BufferSize = 8 * 1024;

    /// <summary>2 MB a loop, touched only as far as they are used at once.</summary>
    private const int BufferCount = 256;

    /// <summary>Buffers of one direction that wait for a send under way; with more it is no exchange of small messages.</summary>
    private const int BuffersWaiting = 4;

    /// <summary>Under load there is always more: accepting and connecting wait for so many submissions at most.</summary>
    private const int RoundsPerTurn = 4;

    // An operation's data: the place of its connection, and which of its operations it is.
    private const int KindShift = 32;
    private const ulong Receive = 0ul << KindShift;
    private const ulong Send = 1ul << KindShift;
    private const ulong OfBackend = 2ul << KindShift;
    private const ulong Ignored = 4ul << KindShift;

    private readonly IoUring _ring;
    private readonly short[] _next = new short[BufferCount];
    private readonly int[] _length = new int[BufferCount];
    private readonly Stack<RingState> _free = new();
    private readonly List<LoopConnection> _connections;
    private readonly Queue<(uint Place, LoopConnection Connection, bool ToBackend)> _sends = new(BufferCount);
    private readonly Action<ulong> _markFailed;
    private readonly Action<LoopConnection> _left;

    private RingPump(IoUring ring, List<LoopConnection> connections, Action<LoopConnection> left)
    {
        _ring = ring;
        _connections = connections;
        _markFailed = MarkFailed;
        _left = left;
    }

    /// <summary>For epoll: readable when there is something to do in <see cref="Turn"/>.</summary>
    public int Descriptor => _ring.Descriptor;

    /// <summary>Operations wait to be submitted: <see cref="Turn"/> is due.</summary>
    public bool HasQueued => _ring.HasQueued;

    /// <summary>Connections in the ring.</summary>
    public int Count { get; private set; }

    /// <summary>A pump of the calling thread, or null with the reason why the kernel has none.</summary>
    /// <param name="connections">The loop's, by <see cref="LoopConnection.Index"/>.</param>
    /// <param name="left">Told of each connection that has left, its state still there for <see cref="HandOver"/>.</param>
    public static RingPump? TryCreate(List<LoopConnection> connections, Action<LoopConnection> left, out string reason) =>
        IoUring.TryCreate(Entries, BufferCount, BufferSize, out reason) is { } ring ? new RingPump(ring, connections, left) : null;

    /// <summary>Takes over a connection from which epoll holds back nothing; its sockets are watched by nobody else meanwhile.</summary>
    public void Enter(LoopConnection connection)
    {
        if (!_free.TryPop(out RingState? state)) state = new RingState();
        connection.Ring = state;
        Count++;
        state.ToBackend = new RingDirection { Receiving = true };
        state.ToClient = new RingDirection { Receiving = true };
        _ring.ReceiveMultishot(connection.Client, DataOf(connection, Receive));
        _ring.ReceiveMultishot(connection.BackendSocket, DataOf(connection, Receive | OfBackend));
    }

    /// <summary>Makes a connection leave, now or as soon as its operations have ended.</summary>
    public void Leave(LoopConnection connection, bool reset)
    {
        RingState state = connection.Ring!;
        state.IsReset |= reset;
        if (state.IsLeaving) return;
        state.IsLeaving = true;
        if (state.ToBackend.Receiving) _ring.Cancel(DataOf(connection, Receive), Ignored);
        if (state.ToClient.Receiving) _ring.Cancel(DataOf(connection, Receive | OfBackend), Ignored);
    }

    /// <summary>Submits what is queued and handles what has completed, until there is nothing more to do at once or others have their turn.</summary>
    /// <returns>True where there is more already.</returns>
    public bool Turn(long nowMs)
    {
        _ring.Mute();
        for (int round = 0; round < RoundsPerTurn && (round == 0 || _ring.HasQueued); round++)
        {
            _ring.Submit();
            Settle();
            while (_ring.TryTake(out RingCompletion completion))
            {
                if ((completion.Data & Ignored) == 0) Handle(_connections[(int)(uint)completion.Data], completion, nowMs);
            }
        }

        return _ring.Unmute() || _ring.HasQueued;
    }

    /// <summary>Gives what a direction of a connection that has left still held to the epoll path, in order.</summary>
    public void HandOver(ref RingDirection from, ref LoopDirection to)
    {
        while (from.First >= 0)
        {
            int buffer = from.First;
            to.Hold(_ring.Bytes(buffer, from.Sent, _length[buffer] - from.Sent));
            RemoveFirst(ref from);
        }
    }

    /// <summary>Gives back a connection's state.</summary>
    public void Forget(LoopConnection connection)
    {
        RingState state = connection.Ring!;
        while (state.ToBackend.First >= 0) RemoveFirst(ref state.ToBackend);
        while (state.ToClient.First >= 0) RemoveFirst(ref state.ToClient);
        state.IsLeaving = state.IsReset = false;
        connection.Ring = null;
        _free.Push(state);
        Count--;
    }

    public void Dispose() => _ring.Dispose();

    private static ulong DataOf(LoopConnection connection, ulong kind) => (uint)connection.Index | kind;

    private void Handle(LoopConnection connection, RingCompletion completion, long nowMs)
    {
        RingState state = connection.Ring!;
        bool ofBackend = (completion.Data & OfBackend) != 0;
        // What is received from the backend goes to the client, what is sent to the backend comes from the client.
        if ((completion.Data & Send) != 0) SentLess(connection, ref ofBackend ? ref state.ToBackend : ref state.ToClient, completion.Result);
        else Received(connection, ref ofBackend ? ref state.ToClient : ref state.ToBackend, completion, ofBackend, nowMs);
        if (state.IsLeaving && !state.IsBusy) _left(connection);
    }

    // A send that was submitted and has not failed has been done. Comes before what was received is handled, for that is sent next.
    private void Settle()
    {
        if (_ring.HasOverflow || _sends.Count == 0) return;
        // Before the failures are looked at: a send that goes on here may submit more.
        uint submitted = _ring.Submitted;
        _ring.Peek(Send, _markFailed);
        while (_sends.TryPeek(out var send) && (int)(send.Place - submitted) < 0)
        {
            _sends.Dequeue();
            // It may have failed and been told of already, and the connection's place may be another's by now.
            if (send.Connection.Ring is null) continue;
            ref RingDirection direction = ref DirectionOf(send.Connection, send.ToBackend);
            if (direction.Sending && direction.SendPlace == send.Place && !direction.SendFailed) Sent(send.Connection, ref direction, send.ToBackend);
        }
    }

    private void MarkFailed(ulong data) => DirectionOf(_connections[(int)(uint)data], toBackend: (data & OfBackend) != 0).SendFailed = true;

    private static ref RingDirection DirectionOf(LoopConnection connection, bool toBackend) =>
        ref toBackend ? ref connection.Ring!.ToBackend : ref connection.Ring!.ToClient;

    private void Received(LoopConnection connection, ref RingDirection direction, RingCompletion completion, bool ofBackend, long nowMs)
    {
        direction.Receiving = completion.HasMore;
        if (completion.Result > 0)
        {
            connection.Time = nowMs;
            connection.BackendSpokeLast = ofBackend;
            (ofBackend ? ref connection.ToClient : ref connection.ToBackend).Count(completion.Result);
            Append(ref direction, completion.Buffer, completion.Result);
            if (completion.Result == BufferSize || direction.Count > BuffersWaiting) Leave(connection, reset: false);
            if (connection.Ring!.IsLeaving) return;
            if (!direction.Sending) SendFirst(connection, ref direction, toBackend: !ofBackend);
            if (!direction.Receiving) Rearm(connection, ref direction, ofBackend);
            return;
        }

        if (completion.Result == 0) connection.StaysOutOfRing = true;
        if (completion.Buffer >= 0) _ring.Return(completion.Buffer);
        // The end is told again to whoever asks again; no buffer left, or an end to receiving that we asked for, tells nothing. Any
        // error is told once.
        bool harmless = completion.Result is 0 or -Errno.ENOBUFS or -Errno.ECANCELED or -Errno.EINTR or -Errno.EAGAIN;
        Leave(connection, reset: !harmless);
    }

    private void Sent(LoopConnection connection, ref RingDirection direction, bool toBackend)
    {
        RingState state = connection.Ring!;
        direction.Sending = false;
        RemoveFirst(ref direction);
        if (!state.IsLeaving && direction.First >= 0) SendFirst(connection, ref direction, toBackend);
        else if (state.IsLeaving && !state.IsBusy) _left(connection);
    }

    // The target's buffer is full, a slow reader, or the socket failed.
    private void SentLess(LoopConnection connection, ref RingDirection direction, int result)
    {
        direction.Sending = direction.SendFailed = false;
        if (result > 0) direction.Sent += result;
        Leave(connection, reset: result < 0 && result is not (-Errno.EAGAIN or -Errno.EINTR or -Errno.ENOBUFS));
    }

    // One at a time for a direction: a second one could overtake the rest of a first that the socket took in part.
    private void SendFirst(LoopConnection connection, ref RingDirection direction, bool toBackend)
    {
        direction.Sending = true;
        int buffer = direction.First;
        direction.SendPlace = _ring.Send(
            toBackend ? connection.BackendSocket : connection.Client,
            buffer,
            direction.Sent,
            _length[buffer] - direction.Sent,
            DataOf(connection, toBackend ? Send | OfBackend : Send));
        _sends.Enqueue((direction.SendPlace, connection, toBackend));
    }

    private void Rearm(LoopConnection connection, ref RingDirection direction, bool ofBackend)
    {
        direction.Receiving = true;
        _ring.ReceiveMultishot(ofBackend ? connection.BackendSocket : connection.Client, DataOf(connection, ofBackend ? Receive | OfBackend : Receive));
    }

    private void Append(ref RingDirection direction, int buffer, int length)
    {
        _length[buffer] = length;
        _next[buffer] = -1;
        if (direction.First < 0) direction.First = (short)buffer;
        else _next[direction.Last] = (short)buffer;
        direction.Last = (short)buffer;
        direction.Count++;
    }

    private void RemoveFirst(ref RingDirection direction)
    {
        int buffer = direction.First;
        direction.First = _next[buffer];
        direction.Sent = 0;
        direction.Count--;
        _ring.Return(buffer);
    }
}
