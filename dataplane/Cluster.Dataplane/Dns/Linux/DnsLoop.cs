using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Dns.Linux;

/// <summary>One thread that answers datagrams in batches: received by one call, answered where they lie, sent by one call.</summary>
/// <remarks>
/// Loops share the port by SO_REUSEPORT and nothing else but the zone and the cache, which are read without a lock. While queries come faster
/// than they are answered a batch costs two calls and no more. Nothing is allocated for what zone and cache know; queries for which other
/// servers must be asked leave the thread.
/// </remarks>
internal sealed class DnsLoop : IDnsLoop
{
    /// <summary>Datagrams received or sent by one call.</summary>
    private const int BatchSize = 64;

    /// <summary>No query is larger: a name of 255 bytes and a few options. An answer, which takes its place, is smaller.</summary>
    private const int MaxQueryBytes = 2048;

    /// <summary>Batches without joined answers after one the way to a client did not take (a small frame, an old kernel).</summary>
    private const int JoinRest = 1024;

    private const ulong WakeData = 1;
    private const ulong SocketData = 0;

    private readonly Epoll _epoll;
    private readonly LoopInbox<DnsLoop> _inbox;
    private readonly ReceiveBatch _received = new(BatchSize, MaxQueryBytes);
    private readonly SendBatch _answers = new(BatchSize);
    private readonly DatagramSender[] _senders = new DatagramSender[BatchSize];
    private readonly int[] _sizes = new int[BatchSize];
    private readonly int[] _order = new int[BatchSize];
    private readonly DnsLookAhead _ahead;
    private readonly DnsResponder _responder;
    private readonly LateAnswers _late;
    private readonly DnsWorkspace _workspace;
    private readonly TimeProvider _time;
    private readonly DnsPace _pace = new();
    private readonly Thread _thread;
    private readonly int _descriptor;
    private readonly bool _v6;
    private int _clients;
    private int _joinRest;
    private volatile bool _stopped;

    /// <param name="name">The thread's.</param>
    /// <param name="descriptor">A bound socket (<see cref="Listen"/>); the loop's once it is made.</param>
    /// <param name="family">The socket's.</param>
    /// <param name="responder">Answers.</param>
    /// <param name="answerer">Answers what waits for other servers.</param>
    /// <param name="time">The cache's clock.</param>
    public DnsLoop(string name, int descriptor, AddressFamily family, DnsResponder responder, DnsAnswerer answerer, TimeProvider time)
    {
        using var opening = new Opening();
        _epoll = opening.Add(new Epoll(2));
        _inbox = opening.Add(new LoopInbox<DnsLoop>());
        _descriptor = descriptor;
        _v6 = family == AddressFamily.InterNetworkV6;
        _responder = responder;
        _late = new LateAnswers(_descriptor, _v6, answerer);
        _time = time;
        _ahead = responder.LookAhead(BatchSize);
        // A socket that the kernel can't watch (no memory, fs.epoll.max_user_watches) would be open and never read.
        if (!_epoll.Add(_descriptor, Epoll.EPOLLIN, SocketData) || !_epoll.Add(_inbox.Descriptor, Epoll.EPOLLIN, WakeData)) throw new Win32Exception(SocketCalls.Error);
        // Last but the thread: counts of a loop that never was would be in every sum for good.
        _workspace = new DnsWorkspace(DnsMetrics.Add());
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        try
        {
            _thread.TryStart();
        }
        catch
        {
            DnsMetrics.Retire(_workspace.Counts);
            throw;
        }

        opening.Keep();
    }

    /// <summary>A bound socket that shares its port with those of other loops.</summary>
    /// <exception cref="SocketException">The place can't be had.</exception>
    public static int Listen(IPEndPoint endPoint)
    {
        int descriptor = DatagramCalls.Listen(endPoint);
        if (descriptor >= 0) return descriptor;
        int error = SocketCalls.Error;
        throw new SocketException((int)(error == Errno.EADDRINUSE ? SocketError.AddressAlreadyInUse : SocketError.SocketError), Marshal.GetPInvokeErrorMessage(error));
    }

    /// <summary>Ends the thread, and then, after the queries that wait were answered, the socket: by other servers, or because the forwarder has given up.</summary>
    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        SocketCalls.Close(_descriptor);
    }

    /// <summary>The same, but for the socket, which is the caller's again.</summary>
    public async ValueTask LeaveAsync()
    {
        _stopped = true;
        _inbox.Post(static _ => { });
        _thread.Join();
        await _late.DisposeAsync();
        _epoll.Dispose();
        _inbox.Dispose();
        DnsMetrics.Retire(_workspace.Counts);
    }

    private void Run()
    {
        ThreadPause.Sharpen();
        while (!_stopped)
        {
            if (_pace.Next == DnsStep.Wait) Wait();
            else if (_pace.Next == DnsStep.Pause) ThreadPause.For(_pace.Pause);
            _clients = 0;
            int count = _received.Receive(_descriptor);
            if (count > 0) Answer(count);
            _pace.Note(count, _clients, Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000));
        }
    }

    private void Wait()
    {
        int count = _epoll.Wait(-1);
        for (int i = 0; i < count; i++)
            if (_epoll[i].Data == WakeData) _inbox.Run(this);
    }

    private void Answer(int count)
    {
        long began = Stopwatch.GetTimestamp();
        _workspace.Now = DnsForwarder.Now(_time);
        _answers.Joins = _joinRest == 0 || --_joinRest == 0;
        for (int i = 0; i < count; i++) _ahead.Add(i, _received[i]);
        _ahead.Touch(count);
        for (int i = 0; i < count; i++) _sizes[i] = Answer(i, began);
        for (int first = 0; first < count; _clients++) first = AddRun(first, count);
        _received.Clear(count);
        Send(began);
    }

    // The answer's length in the query's place; 0 where there is none, or not yet.
    private int Answer(int index, long began)
    {
        Span<byte> buffer = _received.Slot(index, out int length);
        ref DatagramSender sender = ref _senders[index];
        sender = new DatagramSender(_received.Sender(index, out ushort port, out uint scope), port, scope, _received.Destination(index));
        // What fills a slot may have been cut.
        if (length >= MaxQueryBytes)
        {
            _workspace.Counts.Dropped++;
            return 0;
        }

        _workspace.Client = sender.Address;
        int size = _responder.Answer(buffer, length, tcp: false, _workspace);
        if (size != DnsResponder.Ask) return size;
        if (!_late.TryAdd(buffer[..length], sender, _workspace.TakeNeeded(), began)) _workspace.Counts.Dropped++;
        return 0;
    }

    // Answers to one client that follow each other, the largest first: those of one size, and a smaller one behind them, pass the kernel's
    // stack as one packet (see SendBatch). Datagrams have no order to keep. A stub resolver asks for both families at once, by one socket;
    // a forwarder asks many.
    private int AddRun(int first, int count)
    {
        ref readonly DatagramSender client = ref _senders[first];
        int answers = 0;
        int next = first;
        for (; next < count && (next == first || _senders[next] == client); next++)
        {
            if (_sizes[next] == 0) continue;
            int place = answers++;
            for (; place > 0 && _sizes[_order[place - 1]] < _sizes[next]; place--) _order[place] = _order[place - 1];
            _order[place] = next;
        }

        for (int i = 0; i < answers; i++)
        {
            int index = _order[i];
            _answers.Add(_received.Slot(index, out _)[.._sizes[index]], _v6, client.Address, client.Port, client.Scope, client.Local, asBefore: i > 0);
        }

        return next;
    }

    private void Send(long began)
    {
        if (_answers.Count == 0) return;
        while (_answers.Done < _answers.Count)
        {
            if (_answers.Send(_descriptor) >= 0) continue;
            int error = SocketCalls.Error;
            if (error == Errno.EINTR) continue;
            // A full queue, a filter, a client that became unreachable: that answer is lost, and the rest goes on.
            if (DatagramCalls.IsOfJoined(error) && _answers.Separate()) _joinRest = JoinRest;
            else _workspace.Counts.Dropped += _answers.Skip();
        }

        _workspace.Counts.Took((long)Stopwatch.GetElapsedTime(began).TotalMicroseconds, _answers.Count);
        _answers.Clear();
    }
}
