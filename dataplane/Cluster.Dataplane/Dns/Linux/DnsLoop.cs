using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Dns.Linux;

/// <summary>One thread that answers datagrams in batches: received by one call, answered where they lie, sent by one call.</summary>
/// <remarks>
/// Loops share the port by SO_REUSEPORT and nothing else but the zone and the cache, which are read without a lock. Nothing is allocated for
/// what those know; other queries wait aside and are answered by this thread when their servers have spoken.
/// </remarks>
internal sealed class DnsLoop : IDnsLoop
{
    /// <summary>Datagrams received or sent by one call.</summary>
    private const int BatchSize = 64;

    /// <summary>No query is larger: a name of 255 bytes and a few options.</summary>
    private const int MaxQueryBytes = 4096;

    /// <summary>Queries that wait for other servers at most; beyond it they are told so at once.</summary>
    private const int MaxPending = 4096;

    private const ulong WakeData = 1;
    private const ulong SocketData = 0;

    private readonly Epoll _epoll = new(2);
    private readonly LoopInbox<DnsLoop> _inbox = new();
    private readonly ReceiveBatch _received = new(BatchSize);
    private readonly SendBatch _answers = new(BatchSize);
    private readonly byte[] _spare = GC.AllocateUninitializedArray<byte>(MaxQueryBytes, pinned: true);
    private readonly DnsResponder _responder;
    private readonly DnsForwarder _forwarder;
    private readonly DnsWorkspace _workspace;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private readonly int _descriptor;
    private readonly bool _v6;
    private int _pending;
    private bool _stopped;

    /// <exception cref="SocketException">The place can't be had.</exception>
    public DnsLoop(string name, IPEndPoint endPoint, DnsResponder responder, DnsForwarder forwarder, TimeProvider time)
    {
        _descriptor = DatagramCalls.Listen(endPoint);
        if (_descriptor < 0)
        {
            int error = SocketCalls.Error;
            _epoll.Dispose();
            _inbox.Dispose();
            throw new SocketException((int)(error == Errno.EADDRINUSE ? SocketError.AddressAlreadyInUse : SocketError.SocketError), Marshal.GetPInvokeErrorMessage(error));
        }

        _v6 = endPoint.AddressFamily == AddressFamily.InterNetworkV6;
        _responder = responder;
        _forwarder = forwarder;
        _time = time;
        _workspace = new DnsWorkspace(DnsMetrics.Add());
        _epoll.Add(_descriptor, Epoll.EPOLLIN, SocketData);
        _epoll.Add(_inbox.Descriptor, Epoll.EPOLLIN, WakeData);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Ends the thread, after the queries that wait were answered: the forwarder has given up by then.</summary>
    public ValueTask DisposeAsync()
    {
        _inbox.Post(static loop => loop._stopped = true);
        _thread.Join();
        _epoll.Dispose();
        _inbox.Dispose();
        SocketCalls.Close(_descriptor);
        DnsMetrics.Retire(_workspace.Counts);
        return ValueTask.CompletedTask;
    }

    private void Run()
    {
        while (!_stopped || _pending > 0)
        {
            int count = _epoll.Wait(-1);
            for (int i = 0; i < count; i++)
            {
                if (_epoll[i].Data == WakeData) _inbox.Run(this);
                else Receive();
            }
        }
    }

    private void Receive()
    {
        int count = _received.Receive(_descriptor);
        if (count <= 0 || _stopped) return;
        long began = Stopwatch.GetTimestamp();
        _workspace.Now = DnsForwarder.Now(_time);
        for (int i = 0; i < count; i++) Answer(i, began);
        _received.Clear(count);
        Send(began);
    }

    private void Answer(int index, long began)
    {
        Span<byte> buffer = _received.Slot(index, out int length);
        if (length > MaxQueryBytes)
        {
            _workspace.Counts.Dropped++;
            return;
        }

        var sender = new DatagramSender(_received.Sender(index, out ushort port, out uint scope), port, scope, _received.Destination(index));
        _workspace.Client = sender.Address;
        int size = _responder.Answer(buffer, length, tcp: false, _workspace);
        if (size > 0) Add(buffer[..size], sender);
        else if (size == DnsResponder.Ask) Wait(buffer[..length], sender, began);
    }

    private void Add(ReadOnlySpan<byte> answer, in DatagramSender to) => _answers.Add(answer, _v6, to.Address, to.Port, to.Scope, to.Local);

    private void Wait(ReadOnlySpan<byte> query, in DatagramSender sender, long began)
    {
        // Without room the client hears nothing and asks again, which by then may be answered from the cache.
        if (_pending >= MaxPending)
        {
            _workspace.Counts.Dropped++;
            return;
        }

        _pending++;
        Ask(new PendingQuery<DatagramSender>(query.ToArray(), sender, began));
    }

    private void Ask(PendingQuery<DatagramSender> pending)
    {
        UpstreamQuestion question = _workspace.Needed!;
        _workspace.Needed = null;
        _ = AskAsync(pending, question);
    }

    // Never throws: the forwarder doesn't. Until its answer is posted the loop does not end, so its inbox is there.
    private async Task AskAsync(PendingQuery<DatagramSender> pending, UpstreamQuestion question)
    {
        UpstreamAnswer answer = await _forwarder.AskAsync(question).ConfigureAwait(false);
        _inbox.Post(loop => loop.Continue(pending, answer));
    }

    private void Continue(PendingQuery<DatagramSender> pending, UpstreamAnswer answer)
    {
        pending.Known.Add(answer);
        pending.Query.CopyTo(_spare, 0);
        _workspace.Now = DnsForwarder.Now(_time);
        _workspace.Client = pending.Sender.Address;
        _workspace.Known = pending.Known;
        int size = _responder.Answer(_spare, pending.Query.Length, tcp: false, _workspace);
        _workspace.Known = null;
        if (size == DnsResponder.Ask)
        {
            Ask(pending);
            return;
        }

        _pending--;
        Add(_spare.AsSpan(0, size), pending.Sender);
        Send(pending.BeganAt);
    }

    private void Send(long began)
    {
        if (_answers.Count == 0) return;
        while (_answers.Done < _answers.Count)
        {
            // A full queue, a filter, a client that became unreachable: that answer is lost, and the rest goes on.
            if (_answers.Send(_descriptor) < 0 && SocketCalls.Error != Errno.EINTR) _workspace.Counts.Dropped += _answers.Skip();
        }

        _workspace.Counts.Took((long)Stopwatch.GetElapsedTime(began).TotalMicroseconds, _answers.Count);
        _answers.Clear();
    }
}
