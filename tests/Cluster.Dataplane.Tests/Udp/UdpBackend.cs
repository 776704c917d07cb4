using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>A backend that answers each datagram with its name, a colon and the datagram.</summary>
internal sealed class UdpBackend : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _prefix;
    private readonly Task _serving;

    public UdpBackend(string name, IPAddress? address = null, int port = 0)
        : this(name, new Socket((address ?? IPAddress.Loopback).AddressFamily, SocketType.Dgram, ProtocolType.Udp), new IPEndPoint(address ?? IPAddress.Loopback, port))
    {
    }

    /// <param name="name">What its answers begin with.</param>
    /// <param name="socket">Made wherever the backend lives; owned from here on.</param>
    /// <param name="endPoint">Where it listens.</param>
    public UdpBackend(string name, Socket socket, IPEndPoint endPoint)
    {
        _prefix = Encoding.ASCII.GetBytes(name + ":");
        _socket = socket;
        _socket.ReceiveBufferSize = _socket.SendBufferSize = 1 << 20;
        _socket.Bind(endPoint);
        _serving = ServeAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>How often each datagram is answered.</summary>
    public int Answers { get; init; } = 1;

    /// <summary>Where the datagrams received are noted, if anywhere.</summary>
    public ConcurrentQueue<string>? Log { get; init; }

    /// <summary>Told of each datagram received.</summary>
    public Action<string>? Received { get; init; }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _serving;
    }

    private void Note(string datagram)
    {
        Log?.Enqueue(datagram);
        Received?.Invoke(datagram);
    }

    private async Task ServeAsync()
    {
        var buffer = new byte[70_000];
        _prefix.CopyTo(buffer, 0);
        var from = new SocketAddress(_socket.AddressFamily);
        try
        {
            while (true)
            {
                from.Size = from.Buffer.Length;
                var length = await _socket.ReceiveFromAsync(buffer.AsMemory(_prefix.Length, 65_536), SocketFlags.None, from);
                if (Log is not null || Received is not null) Note(Encoding.ASCII.GetString(buffer, _prefix.Length, length));
                for (var i = 0; i < Answers; i++) await _socket.SendToAsync(buffer.AsMemory(0, _prefix.Length + length), SocketFlags.None, from);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}
