using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>A backend that hands each accepted connection to a test's own function, and counts them.</summary>
internal sealed class TcpBackend : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Func<Socket, Task> _serve;
    private readonly Task _accepting;
    private int _accepted;

    public TcpBackend(Func<Socket, Task> serve, IPAddress? address = null, int port = 0)
    {
        _serve = serve;
        address ??= IPAddress.Loopback;
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(address, port));
        _listener.Listen(1024);
        _accepting = AcceptAsync();
    }

    public int Accepted => Volatile.Read(ref _accepted);

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Sends back what it receives until the client's end, then ends too.</summary>
    public static async Task EchoAsync(Socket socket)
    {
        Memory<byte> buffer = new byte[16 * 1024];
        while (await socket.ReceiveAsync(buffer) is var length and > 0) await socket.SendAsync(buffer[..length]);
        socket.Shutdown(SocketShutdown.Send);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync();
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.TooManyOpenSockets)
            {
                // A test that takes the process's descriptors away: whoever waits is accepted afterwards.
                await Task.Delay(10);
                continue;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            Interlocked.Increment(ref _accepted);
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await _serve(socket);
        }
        catch (SocketException)
        {
            // A reset by the test's client.
        }

        socket.Dispose();
    }
}
