using System.Net.Sockets;

namespace Cluster.Containers.Tests.Docker;

/// <summary>A socket where an engine should be: one that hangs, or one that has no containers and does not stop.</summary>
internal sealed class StubbornEngine : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly List<Socket> taken = [];
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Task loop;

    public StubbornEngine(string path, bool answers)
    {
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        loop = AcceptAsync(answers);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        listener.Dispose();
        foreach (var socket in taken) socket.Dispose();
        stop.Dispose();
    }

    private async Task AcceptAsync(bool answers)
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptAsync(stop.Token);
                taken.Add(socket);
                if (!answers) continue;
                await socket.ReceiveAsync(new byte[4096], stop.Token);
                await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"u8.ToArray(), stop.Token);
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // Disposed.
        }
    }
}
