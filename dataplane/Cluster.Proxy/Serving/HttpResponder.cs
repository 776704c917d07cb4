using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Serving;

/// <summary>Answers GET requests for a few paths: health and metrics need no web server, and the proxy's binary none inside it.</summary>
/// <remarks>One request a connection; a request may take 5 s and 8 kB, and 64 are served at once: what it may cost is bounded.</remarks>
public sealed class HttpResponder : IAsyncDisposable
{
    private const int MaxRequestBytes = 8 * 1024;
    private const int MaxConnections = 64;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _connections = new(MaxConnections);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<string, HttpResponse?> _answer;
    private readonly TcpListener _listener;
    private readonly ILogger _logger;
    private readonly Task _accepting;

    /// <param name="endPoint">Where to listen.</param>
    /// <param name="answer">The answer for a path, or null where there is none.</param>
    /// <param name="logger">Where failures are told.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public HttpResponder(IPEndPoint endPoint, Func<string, HttpResponse?> answer, ILogger logger)
    {
        _answer = answer;
        _logger = logger;
        _listener = new TcpListener(endPoint);
        // The IPv6 wildcard stands for both families.
        if (endPoint.Address.Equals(IPAddress.IPv6Any)) _listener.Server.DualMode = true;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens; the port is the kernel's choice where 0 was asked for.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        for (var i = 0; i < MaxConnections; i++) await _connections.WaitAsync();
        _connections.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _connections.WaitAsync(_stopping.Token);
                _ = ServeAsync(await AcceptOneAsync());
            }
        }
        catch (OperationCanceledException)
        {
            if (_connections.CurrentCount < MaxConnections) _connections.Release();
        }
    }

    private async Task<Socket> AcceptOneAsync()
    {
        while (true)
        {
            try
            {
                return await _listener.AcceptSocketAsync(_stopping.Token);
            }
            catch (SocketException exception)
            {
                // Out of descriptors, most likely: the port stays open and is served again when some are free.
                _logger.LogWarning("Cannot accept on {EndPoint}: {Error}", EndPoint, exception.SocketErrorCode);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _stopping.Token);
            }
        }
    }

    // Holds one of the connections' permits until it ends: DisposeAsync waits for all of them.
    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            limit.CancelAfter(Limit);
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var response = Answer(await ReadRequestLineAsync(stream, limit.Token));
            await stream.WriteAsync(Encode(response), limit.Token);
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

    private static byte[] Encode(HttpResponse response)
    {
        var reason = ((HttpStatusCode)response.Status).ToString();
        var head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {response.Status} {reason}\r\nContent-Type: {response.ContentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(response.Body)}\r\n{response.Headers}Connection: close\r\n\r\n");
        return Encoding.UTF8.GetBytes(head + response.Body);
    }
}
