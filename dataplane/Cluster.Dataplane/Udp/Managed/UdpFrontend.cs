using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>One bound socket and the loop that receives clients' datagrams from it. Replies leave through the same socket.</summary>
internal sealed class UdpFrontend(UdpRelay relay, Frontend frontend, int id, Socket socket) : IDisposable
{
    /// <summary>A backend that refuses is left for the next at once, but a datagram is not offered to all of a large service.</summary>
    private const int Attempts = 3;

    /// <summary>So many sockets rest between questions at least; see the loop path's pool for the reason.</summary>
    private const int Resting = 16;

    private readonly SocketAddress _from = new(frontend.Address.AddressFamily);
    private readonly ConcurrentDictionary<BackendState, ConcurrentQueue<UdpQuestion>> _resting = new();
    private ulong _questions;

    public Frontend Frontend => frontend;

    public int Id => id;

    /// <summary>The relay's.</summary>
    public DatagramBuffers Buffers => relay.Buffers;

    /// <summary>The relay's.</summary>
    public RestGate Gate => relay.Gate;

    public int Descriptor => (int)socket.Handle;

    /// <summary>The socket, as the kernel names it in every process.</summary>
    public ulong Cookie { get; } = OperatingSystem.IsLinux() ? SocketCalls.Cookie((int)socket.Handle) : 0;

    /// <summary>Another process receives by the same socket: see <see cref="HandoverSockets.Abandon"/>.</summary>
    public void Abandon() => HandoverSockets.Abandon(socket);

    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start() => Completion = ReceiveAsync();

    public void Dispose() => socket.Dispose();

    /// <summary>True while a flow may go on as it is.</summary>
    public bool Serves(UdpFlow flow, ServiceEntry entry) =>
        frontend.Id == entry.Port.Id && flow.Mode == entry.Port.UdpMode && entry.Serves(flow.Backend, frontend.Scope, flow.Key.Client);

    /// <summary>Sends a backend's datagram to a client. Called by the loops of many sessions.</summary>
    public void Reply(ReadOnlySpan<byte> datagram, SocketAddress client)
    {
        try
        {
            socket.SendTo(datagram, SocketFlags.None, client);
            Interlocked.Increment(ref relay.Counts.ToClients);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // A full queue, a filter, a client that became unreachable: datagrams may be lost, and are counted.
            CountDropped();
        }
    }

    /// <summary>A question's answer has been passed on: its socket rests until the next.</summary>
    public void Answered(UdpQuestion question)
    {
        if (question.IsRetired) relay.Sessions.Remove(question);
        else RestingOf(question.Backend).Enqueue(question);
    }

    /// <summary>A flow as the next process is told of it; null for one that it can't go on with.</summary>
    public HandedFlow? Tell(UdpFlow flow)
    {
        // A socket between two questions is nobody's.
        if (flow.IsClosed || flow is UdpQuestion { IsAsked: false }) return null;
        var asked = flow is UdpQuestion;
        var (client, port, scope) = (flow.Key.Client, flow.Key.ClientPort, 0u);
        if (flow is UdpSession { Client: var address })
        {
            client = ClientAddress.From(address, out port);
            scope = ClientAddress.ScopeOf(address);
        }

        return new HandedFlow(
            Cookie, frontend.Place, client, port, scope, default, flow.Mode, asked, HandedBackend.Of(flow.Backend),
            (long)flow.Silent.TotalMilliseconds, flow is UdpSession session ? session.Descriptor : -1);
    }

    /// <summary>Goes on with a flow of another process, whose socket is this one's from now on; null where its backend serves no more.</summary>
    public UdpFlow? Adopt(HandedFlow handed)
    {
        if (relay.Directory.Current[frontend.Slot] is not { } entry || entry.Port.Id != frontend.Id || entry.Port.UdpMode != handed.Mode) return null;
        if ((handed.Descriptor < 0) != (handed.Mode == UdpMode.OneWay) || handed.Backend.In(entry) is not { } backend) return null;
        // A question under way may still be answered by a backend that has only just been told to end.
        if (!handed.IsAsked && !entry.Serves(backend, frontend.Scope, handed.Client)) return null;
        var client = handed.Client.ToSocketAddress(frontend.Address.AddressFamily, handed.Port, handed.Scope);
        var key = handed.Mode == UdpMode.PerDatagram ? NextQuestionKey() : new UdpSessionKey(handed.Client, handed.Port, id);
        return relay.Adopt(this, key, client, backend, entry, handed);
    }

    /// <summary>Forgets the resting sockets of backends that are gone for good; they are closed by then.</summary>
    public void ForgetGone(ServiceEntry entry)
    {
        if (_resting.Count <= entry.Backends.Length) return;
        var present = new HashSet<BackendState>(entry.Backends.Length);
        foreach (var backend in entry.Backends) present.Add(backend.State);
        foreach (var (state, _) in _resting)
            if (!present.Contains(state)) _resting.TryRemove(state, out _);
    }

    private async Task ReceiveAsync()
    {
        while (true)
        {
            try
            {
                // No buffer is held while there is nothing to receive: thousands of silent services cost their sockets only.
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                if (IsClosed(exception)) return;
            }

            while (!Gate.TryEnter()) await Gate.Opened;
            try
            {
                if (!ReceiveAll()) return;
            }
            finally
            {
                Gate.Exit();
            }
        }
    }

    /// <summary>Passes on what waits; false once the socket is closed.</summary>
    private bool ReceiveAll()
    {
        var buffer = Buffers.Rent();
        try
        {
            do
            {
                _from.Size = _from.Buffer.Length;
                var length = socket.ReceiveFrom(buffer, SocketFlags.None, _from);
                Forward(buffer.AsSpan(0, length));
            }
            while (socket.Available > 0);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Nothing after all, as where a checksum was wrong, or an error that tells of one client.
            return !IsClosed(exception);
        }
        finally
        {
            Buffers.Return(buffer);
        }
    }

    private static bool IsClosed(Exception exception) =>
        exception is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.NotSocket or SocketError.Interrupted };

    private static bool IsLoss(SocketError error) => error is SocketError.WouldBlock or SocketError.MessageSize or SocketError.NoBufferSpaceAvailable;

    private void CountDropped() => Interlocked.Increment(ref relay.Counts.Dropped);

    private void Forward(ReadOnlySpan<byte> datagram)
    {
        var key = new UdpSessionKey(ClientAddress.From(_from, out var port), port, id);
        Backend? failed = null;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var entry = relay.Directory.Current[frontend.Slot];
            if (entry is null || entry.Port.Id != frontend.Id) break;
            var error = entry.Port.UdpMode switch
            {
                UdpMode.OneWay => SendOneWay(key, entry, datagram, ref failed),
                UdpMode.PerDatagram => Ask(key, entry, datagram, ref failed),
                _ => SendInSession(key, entry, datagram, ref failed),
            };
            if (error == SocketError.Success)
            {
                Interlocked.Increment(ref relay.Counts.ToBackends);
                return;
            }

            if (failed is null || IsLoss(error)) break;
        }

        CountDropped();
    }

    private SocketError SendInSession(in UdpSessionKey key, ServiceEntry entry, ReadOnlySpan<byte> datagram, ref Backend? failed)
    {
        var session = Known(relay.Sessions, key, entry, ref failed) as UdpSession;
        if (session is null)
        {
            var backend = entry.Pick(new PickContext(frontend.Scope, key.Client, failed));
            session = backend is null ? null : relay.OpenSession(this, key, _from, backend, entry);
            if (session is null) return SocketError.HostUnreachable;
        }

        return Send(session, datagram, ref failed);
    }

    private SocketError Ask(in UdpSessionKey key, ServiceEntry entry, ReadOnlySpan<byte> datagram, ref Backend? failed)
    {
        var backend = entry.Pick(new PickContext(frontend.Scope, key.Client, failed));
        var question = backend is null ? null : Rested(backend) ?? relay.OpenQuestion(this, NextQuestionKey(), _from, backend, entry);
        if (question is null) return SocketError.HostUnreachable;
        question.Ask(_from);
        return Send(question, datagram, ref failed);
    }

    private SocketError SendOneWay(in UdpSessionKey key, ServiceEntry entry, ReadOnlySpan<byte> datagram, ref Backend? failed)
    {
        var flow = Known(relay.OneWay, key, entry, ref failed) as OneWayFlow;
        if (flow is { Target.IsRefused: true })
        {
            failed = flow.Backend;
            relay.OneWay.Remove(flow);
            flow = null;
        }

        if (flow is null)
        {
            var backend = entry.Pick(new PickContext(frontend.Scope, key.Client, failed));
            flow = backend is null ? null : relay.OpenOneWay(this, key, backend, entry);
            if (flow is null) return SocketError.HostUnreachable;
        }

        flow.Touch();
        flow.Received(datagram.Length);
        var error = flow.Target.Send(datagram);
        if (error == SocketError.Success || IsLoss(error)) return error;
        flow.Backend.State.Failed();
        failed = flow.Backend;
        relay.OneWay.Remove(flow);
        return error;
    }

    private SocketError Send(UdpSession session, ReadOnlySpan<byte> datagram, ref Backend? failed)
    {
        var error = session.Send(datagram);
        if (error == SocketError.Success && session.IsNew)
        {
            session.IsNew = false;
            // A backend near by that does not exist has said so by now: then nothing is lost, the datagram goes to another.
            error = session.TakeError();
            if (error == SocketError.Success) relay.StartPump(session);
        }

        if (error == SocketError.Success || (IsLoss(error) && session.Mode == UdpMode.Session)) return error;
        if (!IsLoss(error)) session.Backend.State.Failed();
        failed = session.Backend;
        relay.Sessions.Remove(session);
        return error;
    }

    /// <summary>The client's flow if it may go on; otherwise it ends here, and <paramref name="failed"/> names a backend that refused it.</summary>
    private UdpFlow? Known(UdpFlowTable table, in UdpSessionKey key, ServiceEntry entry, ref Backend? failed)
    {
        if (table.Find(key) is not { } known) return null;
        if (!known.IsClosed && ReferenceEquals(known.ValidFor, entry)) return known;
        if (!known.IsClosed && Serves(known, entry))
        {
            known.ValidFor = entry;
            return known;
        }

        if (known is UdpSession { IsRefused: true }) failed = known.Backend;
        table.Remove(known);
        return null;
    }

    private UdpQuestion? Rested(Backend backend)
    {
        var resting = RestingOf(backend);
        while (resting.Count > Resting && resting.TryDequeue(out var question))
            if (!question.IsClosed) return question;
        return null;
    }

    // The state is what stays of a backend from table to table, and another pod at its address has another.
    private ConcurrentQueue<UdpQuestion> RestingOf(Backend backend) => _resting.TryGetValue(backend.State, out var known) ? known : _resting.GetOrAdd(backend.State, static _ => new());

    // Questions are found by the socket their answer comes to, not by who asked: any key that no client has will do.
    private UdpSessionKey NextQuestionKey() => new(new ClientAddress(0, ++_questions), 0, id);
}
