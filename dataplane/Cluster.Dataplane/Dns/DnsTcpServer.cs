using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>Accepts TCP connections, a bounded number at a time, and serves them until they end, fall silent or it is disposed.</summary>
internal sealed class DnsTcpServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<ClientAddress, int> _clients = [];
    private readonly SemaphoreSlim _room;
    private readonly DnsAnswerer _answerer;
    private readonly DnsServerOptions _options;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly Task _loop;

    /// <param name="listener">Listening; the server's from now on.</param>
    /// <param name="answerer">Answers each query.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="time">What silence is measured by.</param>
    public DnsTcpServer(Socket listener, DnsAnswerer answerer, DnsServerOptions options, TimeProvider time)
    {
        _listener = listener;
        _answerer = answerer;
        _options = options;
        _time = time;
        _room = new SemaphoreSlim(options.MaxConnections);
        _loop = Task.Run(AcceptAsync);
    }

    /// <summary>Accepts no more, and waits for the connections there are: as long as they may be silent, twice.</summary>
    public async Task DrainAsync()
    {
        await _closing.CancelAsync();
        await _loop;
        HandoverSockets.Abandon(_listener);
        _listener.Dispose();
        long began = _time.GetTimestamp();
        while (_room.CurrentCount < _options.MaxConnections && _time.GetElapsedTime(began) < 2 * _options.ConnectionIdle)
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, _stopping.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _closing.CancelAsync();
        _listener.Dispose();
        await _loop;
        for (int i = 0; i < _options.MaxConnections; i++) await _room.WaitAsync();
        _room.Dispose();
        _closing.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                await _room.WaitAsync(_closing.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                _ = ServeAsync(await _listener.AcceptAsync(_closing.Token));
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                _room.Release();
                if (!_closing.IsCancellationRequested) await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
            }
        }
    }

    // Holds a permit until it ends: DisposeAsync waits for all.
    private async Task ServeAsync(Socket client)
    {
        using var owned = client;
        ClientAddress? counted = null;
        try
        {
            var address = ClientAddress.From(((IPEndPoint)client.RemoteEndPoint!).Address);
            // One more of a client that has its share is ended at once (RFC 7766, 6.2.2): others find room.
            if (!TryCount(address)) return;
            counted = address;
            using var connection = new DnsTcpConnection(client, _answerer, _options, Idle, _time, _stopping.Token);
            await connection.RunAsync();
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client's end, its silence, or ours.
        }
        finally
        {
            if (counted is { } address) Uncount(address);
            _room.Release();
        }
    }

    private bool TryCount(ClientAddress client)
    {
        if (_clients.AddOrUpdate(client, 1, static (_, count) => count + 1) <= _options.MaxConnectionsOfClient) return true;
        Uncount(client);
        return false;
    }

    // An address is forgotten with its last connection: no more are known than there are connections.
    private void Uncount(ClientAddress client)
    {
        if (_clients.AddOrUpdate(client, 0, static (_, count) => count - 1) == 0) _clients.TryRemove(KeyValuePair.Create(client, 0));
    }

    // Silent connections must not keep others out (RFC 7766, 6.2.3).
    private TimeSpan Idle() => _room.CurrentCount < _options.MaxConnections / 2 ? _options.ConnectionIdle / 10 : _options.ConnectionIdle;
}
