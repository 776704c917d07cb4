using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>A client's flow through one service: a socket connected to its backend, and the loop that carries replies home.</summary>
/// <remarks>
/// The frontend's loop sends through it; its own loop receives. It holds no buffer while the backend is silent and allocates
/// nothing per datagram.
/// </remarks>
internal class UdpSession : UdpFlow
{
    /// <summary>As on the loop path: a bound on what waits, no memory by itself.</summary>
    private const int BufferBytes = 1 << 20;

    private readonly SocketAddress _client;
    private readonly Socket _upstream;

    public UdpSession(UdpFrontend frontend, in UdpSessionKey key, SocketAddress client, Backend backend, TimeSpan idleTimeout, TimeProvider time)
        : this(frontend, key, client, backend, Connect(backend), idleTimeout, time)
    {
    }

    /// <summary>Goes on with a socket of another process, which is connected to the backend and this session's own from now on.</summary>
    public UdpSession(UdpFrontend frontend, in UdpSessionKey key, SocketAddress client, Backend backend, Socket upstream, TimeSpan idleTimeout, TimeProvider time)
        : base(frontend, key, backend, idleTimeout, time)
    {
        _client = new SocketAddress(client.Family, client.Buffer.Length);
        SetClient(client);
        _upstream = upstream;
        CountOpened();
    }

    public override UdpMode Mode => UdpMode.Session;

    /// <summary>Nothing was sent yet, and nobody waits for replies. Touched by the frontend's loop alone.</summary>
    public bool IsNew { get; set; } = true;

    /// <summary>The network said that the backend is not there.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>The socket connected to the backend.</summary>
    public int Descriptor => (int)_upstream.Handle;

    /// <summary>Whom it answers. Stable while nobody asks anything new.</summary>
    public SocketAddress Client => _client;

    public override void Abandon()
    {
        if (!IsClosed) HandoverSockets.Abandon(_upstream);
    }

    /// <summary>Sends a client's datagram on. ConnectionRefused tells that the backend's host answered an earlier one with an ICMP error.</summary>
    public SocketError Send(ReadOnlySpan<byte> datagram)
    {
        Touch();
        Received(datagram.Length);
        try
        {
            _upstream.Send(datagram, SocketFlags.None, out var error);
            return error;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    /// <summary>What the network has said since; before anybody waits for replies, who would be told instead.</summary>
    public SocketError TakeError()
    {
        try
        {
            return (SocketError)(int)_upstream.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    /// <summary>Carries replies to the client until the session is closed or the backend refuses.</summary>
    public async Task PumpRepliesAsync()
    {
        while (true)
        {
            try
            {
                // An empty receive waits without a buffer. (Waiting here and not in a method of its own saves a state machine per reply.)
                await _upstream.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.MessageSize)
            {
                // A datagram of ours that was too large for the way: it says nothing of the backend.
                continue;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                IsRefused = exception is SocketException { SocketErrorCode: SocketError.ConnectionRefused };
                return;
            }

            while (!Frontend.Gate.TryEnter()) await Frontend.Gate.Opened;
            var buffer = Frontend.Buffers.Rent();
            var open = PassReplies(buffer);
            Frontend.Buffers.Return(buffer);
            Frontend.Gate.Exit();
            if (!open) return;
        }
    }

    /// <summary>A datagram of the backend.</summary>
    protected virtual void Deliver(ReadOnlySpan<byte> datagram)
    {
        Touch();
        Frontend.Reply(datagram, _client);
    }

    protected virtual void CountOpened() => Backend.State.Opened();

    protected virtual void CountClosed() => Backend.State.Closed();

    protected void SetClient(SocketAddress client)
    {
        client.Buffer[..client.Size].CopyTo(_client.Buffer);
        _client.Size = client.Size;
    }

    protected override void Close()
    {
        CountClosed();
        _upstream.Dispose();
    }

    private static Socket Connect(Backend backend)
    {
        var upstream = new Socket(backend.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            upstream.ReceiveBufferSize = upstream.SendBufferSize = BufferBytes;
            upstream.Connect(backend.Address);
            return upstream;
        }
        catch
        {
            upstream.Dispose();
            throw;
        }
    }

    private bool PassReplies(byte[] buffer)
    {
        try
        {
            while (true)
            {
                var length = _upstream.Receive(buffer, SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock) return true;
                if (error == SocketError.MessageSize) continue;
                IsRefused = error == SocketError.ConnectionRefused;
                if (error != SocketError.Success) return false;
                Answered(length);
                Deliver(buffer.AsSpan(0, length));
            }
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
