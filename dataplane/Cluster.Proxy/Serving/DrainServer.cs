using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Serving;

/// <summary>
/// Tells the kubelet of this node, over a local socket, when a pod that is on its way out has no connections any more:
/// <c>GET /draining/POD-UID?wait=SECONDS</c> answers, as soon as the pod gets no new connections and none is left or when the time is over,
/// with the number that is left. What processes that were taken over from still have is in it; <c>?own</c> leaves that out, and does not wait.
/// </summary>
/// <remarks>HTTP/1.1, one request a connection, 64 at once, 1 kB a request; whoever ends his side has given up. The socket is its owner's alone (0600).</remarks>
public sealed class DrainServer : IAsyncDisposable
{
    /// <summary>Asks for this process's own connections, as one process asks another.</summary>
    internal const string OwnAlone = "?own";

    private const int MaxConnections = 64;
    private const int MaxRequestBytes = 1024;
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>A look at the table and a few counters.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _connections = new(MaxConnections);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<string, BackendConnections> _connectionsOf;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly EarlierDrains _earlier;
    private readonly string _path;
    private readonly Task _accepting;

    /// <param name="path">The socket's file; one at which an earlier process still answers is renamed.</param>
    /// <param name="connectionsOf">What a pod, by its uid, has.</param>
    /// <param name="logger">Where failures are told.</param>
    /// <param name="time">Clock of the waits.</param>
    /// <exception cref="SocketException">It can't be made there.</exception>
    public DrainServer(string path, Func<string, BackendConnections> connectionsOf, ILogger logger, TimeProvider time)
    {
        _path = path;
        _connectionsOf = connectionsOf;
        _logger = logger;
        _time = time;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _earlier = new EarlierDrains(path);
        // The runtime deletes the file by the name it was bound to when the socket is disposed, which by then may be the next process's.
        var own = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, string.Create(CultureInfo.InvariantCulture, $".{Path.GetFileName(path)}-{Environment.ProcessId}"));
        File.Delete(own);
        _listener.Bind(new UnixDomainSocketEndPoint(own));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(own, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _listener.Listen(MaxConnections);
        _earlier.MakeRoom();
        File.Move(own, path);
        _accepting = Task.Run(AcceptAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        for (var i = 0; i < MaxConnections; i++) await _connections.WaitAsync();
        _connections.Dispose();
        _stopping.Dispose();
        // The file stays: by now it may be that of the process that comes after this one.
    }

    private async Task AcceptAsync()
    {
        while (await TryTakePermitAsync())
        {
            if (await TryAcceptAsync() is { } socket) _ = ServeAsync(socket);
            else _connections.Release();
        }
    }

    // False at the end.
    private async Task<bool> TryTakePermitAsync()
    {
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

    // Null at the end.
    private async Task<Socket?> TryAcceptAsync()
    {
        try
        {
            return await AcceptOneAsync();
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            return null;
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
                _logger.LogWarning("Cannot accept on {Path}: {Error}", _path, exception.SocketErrorCode);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, _stopping.Token);
            }
        }
    }

    // Holds one of the connections' permits until it ends: DisposeAsync waits for all of them.
    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var answer = await AnswerAsync(await ReadRequestLineAsync(stream), socket);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), _stopping.Token);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            _logger.LogDebug(exception, "A question for draining was cut short");
        }
        finally
        {
            _connections.Release();
        }
    }

    private async Task<string> ReadRequestLineAsync(NetworkStream stream)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        limit.CancelAfter(RequestLimit);
        var buffer = new byte[MaxRequestBytes];
        var length = 0;
        while (length < buffer.Length && !buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), limit.Token);
            if (read == 0) break;
            length += read;
        }

        var end = buffer.AsSpan(0, length).IndexOf("\r\n"u8);
        return end < 0 ? "" : Encoding.Latin1.GetString(buffer, 0, end);
    }

    private async Task<string> AnswerAsync(string requestLine, Socket socket)
    {
        const string prefix = "GET /draining/";
        const string wait = "?wait=";
        var words = requestLine.Split(' ');
        if (words.Length != 3 || !requestLine.StartsWith(prefix, StringComparison.Ordinal)) return Encode("404 Not Found", "only GET /draining/POD-UID?wait=SECONDS is known\n");
        var asked = words[1]["/draining/".Length..];
        if (asked.EndsWith(OwnAlone, StringComparison.Ordinal)) return Encode("200 OK", Number(_connectionsOf(asked[..^OwnAlone.Length]).Count));
        var parts = asked.Split(wait);
        if (parts[0].Length == 0 || parts.Length > 2) return Encode("400 Bad Request", "a pod's uid is missing\n");
        var seconds = 0;
        if (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out seconds))
            return Encode("400 Bad Request", "wait is no number of seconds\n");
        var left = await DrainedAsync(parts[0], TimeSpan.FromSeconds(seconds), socket);
        return Encode("200 OK", Number(left));
    }

    private async Task<long> DrainedAsync(string uid, TimeSpan wait, Socket socket)
    {
        var began = _time.GetTimestamp();
        var limit = wait < LongestWait ? wait : LongestWait;
        while (true)
        {
            var now = _connectionsOf(uid);
            now = now with { Count = now.Count + await _earlier.CountAsync(uid, _stopping.Token) };
            // Who asked may have gone, and would hold its permit for all of the time it asked for.
            if (now.IsDrained || _time.GetElapsedTime(began) >= limit || HasEnded(socket)) return now.Count;
            await Task.Delay(Look, _time, _stopping.Token);
        }
    }

    private static bool HasEnded(Socket socket) => socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;

    private static string Number(long count) => count.ToString(CultureInfo.InvariantCulture) + "\n";

    private static string Encode(string status, string body) => string.Create(
        CultureInfo.InvariantCulture, $"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
}
