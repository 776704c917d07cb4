using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Dataplane.Tests.Handover;

/// <summary>Answers each datagram with its own port and the port it came from.</summary>
internal sealed class PortTellingBackend : IAsyncDisposable
{
    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public PortTellingBackend() => _serving = ServeAsync();

    public IPEndPoint EndPoint => (IPEndPoint)_socket.Client.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var asked = await _socket.ReceiveAsync(_stop.Token);
                await _socket.SendAsync(Encoding.ASCII.GetBytes($"{EndPoint.Port} {asked.RemoteEndPoint.Port}"), asked.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The way to stop it.
        }
    }
}
