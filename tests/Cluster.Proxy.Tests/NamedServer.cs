using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Proxy.Tests;

/// <summary>A pod's stand-in: tells its name to whoever connects.</summary>
internal sealed class NamedServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Task _serving;

    public NamedServer(string name, string address, int port)
    {
        _listener = new TcpListener(IPAddress.Parse(address), port);
        _listener.Start();
        _serving = ServeAsync(Encoding.ASCII.GetBytes(name));
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync(byte[] name)
    {
        while (true)
        {
            try
            {
                using var client = await _listener.AcceptSocketAsync();
                await client.SendAsync(name);
                client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                if (!_listener.Server.IsBound) return;
            }
        }
    }
}
