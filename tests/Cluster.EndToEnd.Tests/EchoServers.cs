using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.EndToEnd.Tests;

/// <summary>Backends that send back what connections send, and answer each datagram with the port it came from and what was in it.</summary>
internal sealed class EchoServers : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<TcpListener> _listeners = [];
    private readonly List<UdpClient> _sockets = [];
    private readonly List<Task> _serving = [];

    /// <param name="count">How many.</param>
    /// <param name="address">Where; null: on loopback.</param>
    public EchoServers(int count, IPAddress? address = null)
    {
        for (int i = 0; i < count; i++)
        {
            var listener = new TcpListener(address ?? IPAddress.Loopback, Machine.FreePort());
            listener.Start();
            _listeners.Add(listener);
            _serving.Add(ServeAsync(listener));
            var socket = new UdpClient((IPEndPoint)listener.LocalEndpoint);
            socket.Client.ReceiveBufferSize = 1 << 20;
            _sockets.Add(socket);
            _serving.Add(ServeAsync(socket));
        }
    }

    /// <summary>Ports that connections came from, as the servers saw them.</summary>
    public ConcurrentDictionary<int, bool> Peers { get; } = new();

    public IReadOnlyList<int> Ports => [.. _listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];

    /// <summary>The places as the file's list.</summary>
    public string List => "[" + string.Join(", ", _listeners.Select(listener => listener.LocalEndpoint)) + "]";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_serving);
        foreach (TcpListener listener in _listeners) listener.Dispose();
        foreach (UdpClient socket in _sockets) socket.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync(TcpListener listener)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.RemoveAll(connection => connection.IsCompleted);
                connections.Add(EchoAsync(await listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The way to stop it.
        }

        await Task.WhenAll(connections);
    }

    private async Task EchoAsync(TcpClient client)
    {
        using TcpClient owned = client;
        Peers[((IPEndPoint)client.Client.RemoteEndPoint!).Port] = true;
        try
        {
            await client.GetStream().CopyToAsync(client.GetStream(), _stop.Token);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            // The other side's end, or ours.
        }
    }

    private async Task ServeAsync(UdpClient socket)
    {
        try
        {
            while (true)
            {
                UdpReceiveResult asked = await socket.ReceiveAsync(_stop.Token);
                byte[] answer = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{asked.RemoteEndPoint.Port} ")), .. asked.Buffer];
                await socket.SendAsync(answer, asked.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The way to stop it.
        }
    }
}
