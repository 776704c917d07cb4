using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>A server in a namespace that answers with its name and the address it was spoken to from; without a name it sends back what it gets.</summary>
internal sealed class NamespaceServer : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly string? _name;
    private readonly Task _serving;

    public NamespaceServer(NetNamespace ns, ServiceProtocol protocol, bool v6, string? name, int port)
    {
        _name = name;
        _socket = ns.Socket(v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, protocol == ServiceProtocol.Tcp ? SocketType.Stream : SocketType.Dgram, 0);
        _socket.Bind(new IPEndPoint(v6 ? ns.Address6 : ns.Address, port));
        if (protocol == ServiceProtocol.Tcp) _socket.Listen(64);
        _serving = protocol == ServiceProtocol.Tcp ? AcceptAsync() : ReceiveAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => _serving);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _socket.AcceptAsync();
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            if (_name is null) await TcpBackend.EchoAsync(client);
            else await client.SendAllAsync($"{_name} {((IPEndPoint)client.RemoteEndPoint!).Address}");
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[64];
        while (true)
        {
            var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
            await _socket.SendToAsync(Encoding.ASCII.GetBytes($"{_name} {((IPEndPoint)received.RemoteEndPoint).Address}"), received.RemoteEndPoint);
        }
    }
}
