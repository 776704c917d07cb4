using System.Net;
using System.Net.Sockets;

namespace Cluster.LoadTests.Start;

/// <summary>A backend that answers each connection with one byte, its name.</summary>
internal sealed class NamedBackend : IDisposable
{
    private readonly TcpListener _listener;
    private readonly byte _name;

    public NamedBackend(char name, IPAddress? address = null)
    {
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _name = (byte)name;
        _listener.Start();
        _ = AnswerAsync();
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    public void Dispose() => _listener.Dispose();

    /// <summary>The name that answers at a place, or null where nobody does.</summary>
    public static char? Ask(IPEndPoint place)
    {
        try
        {
            using var client = new TcpClient { ReceiveTimeout = 2000 };
            client.Connect(place);
            int answer = client.GetStream().ReadByte();
            return answer < 0 ? null : (char)answer;
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return null;
        }
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                using Socket socket = await _listener.AcceptSocketAsync();
                await socket.SendAsync(new[] { _name });
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}
