using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>Clients that each keep a connection, make a request now and then, and connect anew where the connection ends.</summary>
internal sealed class KeepAliveLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly IPEndPoint _server;
    private readonly Task[] _clients;
    private int _answered;
    private int _resets;

    public KeepAliveLoad(IPEndPoint server, int clients)
    {
        _server = server;
        _clients = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(RunAsync))];
    }

    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Connections that did not end in order.</summary>
    public int Resets => Volatile.Read(ref _resets);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_clients);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            using var socket = new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(_server);
                await AskUntilItEndsAsync(socket);
            }
            catch (SocketException)
            {
                Interlocked.Increment(ref _resets);
            }
        }
    }

    private async Task AskUntilItEndsAsync(Socket socket)
    {
        var buffer = new byte[16];
        while (!_stopping.IsCancellationRequested)
        {
            await socket.SendAllAsync("request");
            if (await socket.ReceiveAsync(buffer) == 0) return;
            Interlocked.Increment(ref _answered);
            await Task.Delay(Random.Shared.Next(50, 150));
        }
    }
}
