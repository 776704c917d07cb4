using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Proxy.Serving;

/// <summary>
/// The drain sockets of processes that were taken over from and serve their last connections: each keeps its socket, under another name
/// beside the one of the process that serves (<c>PATH.NUMBER</c>).
/// </summary>
internal sealed class EarlierDrains(string path)
{
    private const int MaxAnswerBytes = 1024;

    /// <summary>They answer from what they count, without waiting.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Makes the name free: a socket at which somebody still answers gets another one, any other is removed.</summary>
    /// <exception cref="IOException">The folder can't be changed.</exception>
    public void MakeRoom()
    {
        if (!File.Exists(path)) return;
        if (Answers()) File.Move(path, FreeName());
        else File.Delete(path);
    }

    // Not by the process's number: in containers each has the same.
    private string FreeName()
    {
        for (var number = 0; ; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{path}.{number}");
            if (!File.Exists(name)) return name;
        }
    }

    /// <summary>The connections that a pod has through them.</summary>
    /// <param name="uid">The pod's.</param>
    public async Task<long> CountAsync(string uid, CancellationToken cancellationToken)
    {
        var count = 0L;
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!))
            if (Path.GetFileName(file).StartsWith(Path.GetFileName(path) + '.', StringComparison.Ordinal)) count += await CountAsync(file, uid, cancellationToken);
        return count;
    }

    private static async Task<long> CountAsync(string earlier, string uid, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(earlier), limit.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /draining/{uid}{DrainServer.OwnAlone} HTTP/1.1\r\n\r\n"), limit.Token);
            var answer = new byte[MaxAnswerBytes];
            var length = 0;
            for (int read; length < answer.Length && (read = await socket.ReceiveAsync(answer.AsMemory(length), limit.Token)) > 0;) length += read;
            var body = Encoding.ASCII.GetString(answer, 0, length).Split("\r\n\r\n")[^1].Trim();
            return long.TryParse(body, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // It has ended, with whatever it had.
            File.Delete(earlier);
            return 0;
        }
        catch (Exception exception) when (exception is SocketException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return 0;
        }
    }

    private bool Answers()
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
