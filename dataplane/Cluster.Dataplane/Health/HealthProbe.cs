using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Health;

/// <summary>Asks a backend once whether it answers.</summary>
internal static class HealthProbe
{
    /// <summary>A status line is short; what comes behind it is of no interest.</summary>
    private const int MaxAnswerBytes = 1024;

    /// <summary>
    /// True where the backend took the connection and, over HTTP, answered with a status from 200 to 399; null where it could not be asked,
    /// for this process had no descriptor, memory or port left for it.
    /// </summary>
    public static async Task<bool?> AskAsync(IPEndPoint backend, HealthCheck check, TimeProvider time, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(check.Timeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var socket = new Socket(backend.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(backend, limit.Token);
            if (SelfConnection.Is(socket, backend)) return false;
            return check.HttpPath is not { } path || await AskHttpAsync(socket, backend, path, limit.Token);
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode.IsOwn() ? null : false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<bool> AskHttpAsync(Socket socket, IPEndPoint backend, string path, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {backend}\r\nUser-Agent: cluster-proxy\r\nConnection: close\r\n\r\n");
        while (request.Length > 0) request = request[await socket.SendAsync(request, cancellationToken)..];
        var answer = new byte[MaxAnswerBytes];
        var length = 0;
        while (length < answer.Length && !answer.AsSpan(0, length).Contains((byte)'\n'))
        {
            var received = await socket.ReceiveAsync(answer.AsMemory(length), cancellationToken);
            if (received == 0) break;
            length += received;
        }

        return StatusOf(answer.AsSpan(0, length)) is >= 200 and < 400;
    }

    /// <summary>The status of an answer that begins <c>HTTP/1.1 200 OK</c>; 0 for anything else.</summary>
    internal static int StatusOf(ReadOnlySpan<byte> answer)
    {
        const int statusAt = 9;
        if (!answer.StartsWith("HTTP/1."u8) || answer.Length < statusAt + 3 || answer[statusAt - 1] != ' ') return 0;
        return Utf8Parser.TryParse(answer.Slice(statusAt, 3), out int status, out var used) && used == 3 ? status : 0;
    }
}
