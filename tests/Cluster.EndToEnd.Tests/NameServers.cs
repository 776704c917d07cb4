using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.EndToEnd.Tests;

/// <summary>Backends that answer each connection and each datagram with their name.</summary>
internal sealed class NameServers : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<TcpListener> _listeners = [];
    private readonly List<UdpClient> _sockets = [];
    private readonly List<Task> _serving = [];

    /// <param name="count">They are called a, b, c...</param>
    /// <param name="address">Where they listen; loopback otherwise.</param>
    public NameServers(int count, IPAddress? address = null)
        : this([.. Enumerable.Repeat(address ?? IPAddress.Loopback, count)])
    {
    }

    /// <param name="addresses">Where a, b, c... listen.</param>
    public NameServers(params IReadOnlyList<IPAddress> addresses)
    {
        for (int i = 0; i < addresses.Count; i++)
        {
            string name = ((char)('a' + i)).ToString();
            var listener = new TcpListener(addresses[i], 0);
            listener.Start();
            _listeners.Add(listener);
            _serving.Add(ServeAsync(listener, name));
            // Both protocols at one port; a port that another has by UDP is not worth a second try here.
            var socket = new UdpClient((IPEndPoint)listener.LocalEndpoint);
            _sockets.Add(socket);
            _serving.Add(ServeAsync(socket, name));
        }
    }

    /// <summary>The places as the file's list.</summary>
    public string List => "[" + string.Join(", ", _listeners.Select(listener => listener.LocalEndpoint)) + "]";

    public IReadOnlyList<int> Ports => [.. _listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_serving);
        foreach (TcpListener listener in _listeners) listener.Dispose();
        foreach (UdpClient socket in _sockets) socket.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync(TcpListener listener, string name)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync(_stop.Token);
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(name), _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The way to stop it.
        }
    }

    private async Task ServeAsync(UdpClient socket, string name)
    {
        try
        {
            while (true)
            {
                UdpReceiveResult asked = await socket.ReceiveAsync(_stop.Token);
                await socket.SendAsync(Encoding.ASCII.GetBytes(name), asked.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The way to stop it.
        }
    }
}
