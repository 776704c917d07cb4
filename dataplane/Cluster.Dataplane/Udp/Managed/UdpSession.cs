using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>A client's flow through one service: a socket connected to its backend, and the loop that carries replies home.</summary>
/// <remarks>
/// The frontend's loop sends through it; its own loop receives. It holds no buffer while the backend is silent and allocates
/// nothing per datagram.
/// </remarks>
internal sealed class UdpSession : IDisposable
{
    /// <summary>The largest datagram IPv4 carries, rounded up to what the pool hands out.</summary>
    public const int DatagramBytes = 64 * 1024;

    private readonly UdpFrontend _frontend;
    private readonly SocketAddress _client;
    private readonly Socket _upstream;
    private readonly TimeProvider _time;
    private long _lastUse;
    private int _closed;

    public UdpSession(UdpFrontend frontend, UdpSessionKey key, SocketAddress client, Backend backend, TimeProvider time)
    {
        _frontend = frontend;
        Key = key;
        Backend = backend;
        _time = time;
        _client = new SocketAddress(client.Family, client.Size);
        client.Buffer[..client.Size].CopyTo(_client.Buffer);
        _upstream = new Socket(backend.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            _upstream.Connect(backend.Address);
        }
        catch
        {
            _upstream.Dispose();
            throw;
        }

        backend.State.Opened();
        Touch();
    }

    public UdpSessionKey Key { get; }

    public Backend Backend { get; }

    public Frontend Frontend => _frontend.Frontend;

    /// <summary>The entry under which the backend was last found serving. Touched by the frontend's loop alone.</summary>
    public ServiceEntry? ValidFor { get; set; }

    /// <summary>Timestamp of the last datagram either way.</summary>
    public long LastUse => Volatile.Read(ref _lastUse);

    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>Sends a client's datagram on. ConnectionRefused tells that the backend's host answered an earlier one with an ICMP error.</summary>
    public SocketError Send(ReadOnlySpan<byte> datagram)
    {
        Touch();
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
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            var buffer = ArrayPool<byte>.Shared.Rent(DatagramBytes);
            var open = PassReplies(buffer);
            ArrayPool<byte>.Shared.Return(buffer);
            if (!open) return;
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        Backend.State.Closed();
        _upstream.Dispose();
    }

    private void Touch() => Volatile.Write(ref _lastUse, _time.GetTimestamp());

    private bool PassReplies(byte[] buffer)
    {
        try
        {
            while (true)
            {
                var length = _upstream.Receive(buffer, SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock) return true;
                if (error != SocketError.Success) return false;
                Touch();
                _frontend.Reply(buffer.AsSpan(0, length), _client);
            }
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
