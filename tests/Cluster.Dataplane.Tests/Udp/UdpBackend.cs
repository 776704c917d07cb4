using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>A backend that answers each datagram with its name, a colon and the datagram.</summary>
internal sealed class UdpBackend : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] _prefix;
    private readonly Task _serving;

    public UdpBackend(string name, IPAddress? address = null, int port = 0)
    {
        _prefix = Encoding.ASCII.GetBytes(name + ":");
        _socket.Bind(new IPEndPoint(address ?? IPAddress.Loopback, port));
        _serving = ServeAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        var buffer = new byte[70_000];
        _prefix.CopyTo(buffer, 0);
        var from = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                var length = await _socket.ReceiveFromAsync(buffer.AsMemory(_prefix.Length, 65_536), SocketFlags.None, from);
                await _socket.SendToAsync(buffer.AsMemory(0, _prefix.Length + length), SocketFlags.None, from);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}
