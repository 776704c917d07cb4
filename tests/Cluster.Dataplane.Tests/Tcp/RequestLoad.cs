using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>Clients that each make one request after the other, a connection a request, and count what fails.</summary>
internal sealed class RequestLoad : IAsyncDisposable
{
    /// <summary>Each client rests so long between requests: a hundred of them make about 2,000 requests a second where answers are fast.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(50);

    private static readonly byte[] Request = "GET / HTTP/1.1\r\n\r\n"u8.ToArray();

    private readonly CancellationTokenSource _stopping = new();
    private readonly IPEndPoint _server;
    private readonly Task[] _clients;
    private int _answered;
    private int _failedConnects;
    private int _failedRequests;

    public RequestLoad(IPEndPoint server, int clients)
    {
        _server = server;
        Clients = clients;
        _clients = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(RunAsync))];
    }

    /// <summary>As many requests are under way at once at most.</summary>
    public int Clients { get; }

    public int Answered => Volatile.Read(ref _answered);

    public int FailedConnects => Volatile.Read(ref _failedConnects);

    public int FailedRequests => Volatile.Read(ref _failedRequests);

    /// <summary>Waits until so many more requests were answered.</summary>
    public Task AnswerAsync(int more)
    {
        var until = Answered + more;
        return Cluster.Testing.Eventually.True(() => Answered >= until, $"{more} more answers", TimeSpan.FromSeconds(120));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_clients);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var buffer = new byte[Request.Length];
        while (!_stopping.IsCancellationRequested)
        {
            using var socket = new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var error = await ConnectAsync(socket);
            // A reset may come before this thread has learned that it was connected: the relay had it, and its backend.
            if (error is not (SocketError.Success or SocketError.ConnectionReset)) Interlocked.Increment(ref _failedConnects);
            else if (error == SocketError.Success && await AskAsync(socket, buffer)) Interlocked.Increment(ref _answered);
            else Interlocked.Increment(ref _failedRequests);
            await Task.Delay(Rest);
        }
    }

    private async Task<SocketError> ConnectAsync(Socket socket)
    {
        try
        {
            await socket.ConnectAsync(_server);
            return SocketError.Success;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode;
        }
    }

    private static async Task<bool> AskAsync(Socket socket, byte[] buffer)
    {
        try
        {
            await socket.SendAllAsync(Request);
            for (var length = 0; length < Request.Length;)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(length));
                if (received == 0) return false;
                length += received;
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
