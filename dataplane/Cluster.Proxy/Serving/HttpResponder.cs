using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Serving;

/// <summary>Answers GET requests for a few paths: health and metrics need no web server, and the proxy's binary none inside it.</summary>
/// <remarks>
/// One request a connection; a request may take 5 s and 8 kB, and 64 are served at once: what it may cost is bounded. Whoever comes when there are as
/// many takes the place of the connection that has kept its request back for longest, so that silent ones shut nobody out.
/// </remarks>
public sealed class HttpResponder : IAsyncDisposable
{
    private const int MaxRequestBytes = 8 * 1024;
    private const int MaxConnections = 64;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _connections = new(MaxConnections);

    // Connections that have not sent their request, the oldest first; each by what cuts it. Under its lock.
    private readonly LinkedList<CancellationTokenSource> _silent = new();
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _cutting = new();
    private readonly Succession? _succession;
    private readonly Func<string, HttpResponse?> _answer;
    private readonly Socket _listener;
    private readonly ILogger _logger;
    private readonly Task _accepting;
    private int _disposed;

    /// <param name="endPoint">Where to listen.</param>
    /// <param name="answer">The answer for a path, or null where there is none.</param>
    /// <param name="logger">Where failures are told.</param>
    /// <param name="succession">Where the listening socket may come from and go to; it answers once this process has settled. Null: at once.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public HttpResponder(IPEndPoint endPoint, Func<string, HttpResponse?> answer, ILogger logger, Succession? succession = null)
    {
        _answer = answer;
        _logger = logger;
        _succession = succession;
        _listener = Inherited(endPoint) ?? Listen(endPoint);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        succession?.Sockets.Add(ListenerKind.Http, (int)_listener.Handle);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens; the port is the kernel's choice where 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Ends: what is being answered is cut short, unless another process answers from now on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _succession?.Sockets.Remove((int)_listener.Handle);
        await _stopping.CancelAsync();
        if (_succession?.HandedOver.IsCompleted != true) await _cutting.CancelAsync();
        await _accepting;
        if (_succession?.HandedOver.IsCompleted == true) HandoverSockets.Abandon(_listener);
        _listener.Dispose();
        for (var i = 0; i < MaxConnections; i++) await _connections.WaitAsync();
        _connections.Dispose();
        _cutting.Dispose();
        _stopping.Dispose();
    }

    private static Socket Listen(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // The IPv6 wildcard stands for both families.
            if (endPoint.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Socket? Inherited(IPEndPoint endPoint)
    {
        var found = _succession?.Sockets.InheritSockets(ListenerKind.Http, ServiceProtocol.Tcp, endPoint) ?? [];
        foreach (var more in found.Skip(1)) more.Dispose();
        if (found.FirstOrDefault() is not { } listener) return null;
        // Connections have it from their listener, and streams want it so.
        listener.Blocking = true;
        return listener;
    }

    private async Task AcceptAsync()
    {
        try
        {
            if (_succession is not null) await _succession.Settled.WaitAsync(_stopping.Token);
            while (true)
            {
                var socket = await AcceptOneAsync();
                if (await TryMakeRoomAsync()) _ = ServeAsync(socket);
                else socket.Dispose();
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task<Socket> AcceptOneAsync()
    {
        while (true)
        {
            try
            {
                return await _listener.AcceptAsync(_stopping.Token);
            }
            catch (SocketException exception)
            {
                // Out of descriptors, most likely: the port stays open and is served again when some are free.
                _logger.LogWarning("Cannot accept on {EndPoint}: {Error}", EndPoint, exception.SocketErrorCode);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _stopping.Token);
            }
        }
    }

    // Takes a permit for a connection; false at the end.
    private async Task<bool> TryMakeRoomAsync()
    {
        if (_connections.Wait(0, CancellationToken.None)) return true;
        CutOldestSilent();
        try
        {
            await _connections.WaitAsync(_stopping.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void CutOldestSilent()
    {
        lock (_lock)
        {
            if (_silent.First is not { } oldest) return;
            _silent.Remove(oldest);
            // Under the lock: it takes that before it disposes of this.
            oldest.Value.Cancel();
        }
    }

    // Holds one of the connections' permits until it ends: DisposeAsync waits for all of them.
    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_cutting.Token);
            limit.CancelAfter(Limit);
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var line = await ListenAsync(stream, limit);
            await stream.WriteAsync(Encode(Answer(line), withBody: !line.StartsWith("HEAD ", StringComparison.Ordinal)), limit.Token);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            _logger.LogDebug(exception, "A request was cut short");
        }
        finally
        {
            _connections.Release();
        }
    }

    private async Task<string> ListenAsync(NetworkStream stream, CancellationTokenSource limit)
    {
        LinkedListNode<CancellationTokenSource> place;
        lock (_lock) place = _silent.AddLast(limit);
        try
        {
            return await ReadRequestLineAsync(stream, limit.Token);
        }
        finally
        {
            // Not there any more where it has made room.
            lock (_lock) if (place.List is not null) _silent.Remove(place);
        }
    }

    private static async Task<string> ReadRequestLineAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        // Read up to the blank line: closing with unread bytes would reset the connection and lose the answer.
        var buffer = new byte[MaxRequestBytes];
        var length = 0;
        while (length < buffer.Length && !buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0) break;
            length += read;
        }

        var line = buffer.AsSpan(0, length);
        var end = line.IndexOf("\r\n"u8);
        return end < 0 ? "" : Encoding.Latin1.GetString(line[..end]);
    }

    private HttpResponse Answer(string requestLine)
    {
        var parts = requestLine.Split(' ');
        if (parts.Length != 3 || !parts[2].StartsWith("HTTP/1.", StringComparison.Ordinal)) return HttpResponse.Text(400, "Bad Request\n");
        if (parts[0] is not ("GET" or "HEAD")) return HttpResponse.Text(405, "Method Not Allowed\n");
        var path = parts[1].Split('?')[0];
        var response = _answer(path) ?? HttpResponse.Text(404, "404 page not found\n");
        return response;
    }

    private static byte[] Encode(HttpResponse response, bool withBody)
    {
        var reason = ((HttpStatusCode)response.Status).ToString();
        var head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {response.Status} {reason}\r\nContent-Type: {response.ContentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(response.Body)}\r\n{response.Headers}Connection: close\r\n\r\n");
        return Encoding.UTF8.GetBytes(withBody ? head + response.Body : head);
    }
}
