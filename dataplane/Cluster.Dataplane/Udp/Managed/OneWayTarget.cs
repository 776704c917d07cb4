using System.Net.Sockets;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>One-way mode: the socket by which all flows of a backend send. Connected, for only so does the system tell that a backend refuses.</summary>
internal sealed class OneWayTarget : IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly Socket _socket;

    /// <exception cref="SocketException">There is no socket to be had.</exception>
    public OneWayTarget(Backend backend)
    {
        _socket = new Socket(backend.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            _socket.SendBufferSize = BufferBytes;
            // Nobody reads what a backend sends back: it may take no room.
            _socket.ReceiveBufferSize = 0;
            _socket.Connect(backend.Address);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>True once the backend has refused; its flows then look for another, and later ones for a new socket.</summary>
    public bool IsRefused { get; private set; }

    public SocketError Send(ReadOnlySpan<byte> datagram)
    {
        try
        {
            _socket.Send(datagram, SocketFlags.None, out var error);
            if (error == SocketError.ConnectionRefused) IsRefused = true;
            return error;
        }
        catch (ObjectDisposedException)
        {
            IsRefused = true;
            return SocketError.OperationAborted;
        }
    }

    public void Dispose() => _socket.Dispose();
}
