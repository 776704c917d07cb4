using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Serving;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests.Serving;

public sealed class DrainServerTests
{
    private volatile Func<string, BackendConnections> _connections = static _ => default;

    [Fact]
    public async Task Ask_PodWithoutConnections_IsAnsweredAtOnce()
    {
        using var folder = new TempDirectory();
        await using var server = Serve(folder);
        Assert.EndsWith("\r\n\r\n0\n", await AskAsync(folder, "GET /draining/pod-1?wait=60 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_PodThatStillGetsConnections_IsAnsweredWhenTheLastHasEnded()
    {
        using var folder = new TempDirectory();
        await using var server = Serve(folder);
        _connections = static uid => uid == "pod-1" ? new BackendConnections(TakesNew: true, 0) : default;
        var answer = AskAsync(folder, "GET /draining/pod-1?wait=60 HTTP/1.1\r\n\r\n");
        var other = await AskAsync(folder, "GET /draining/pod-2?wait=60 HTTP/1.1\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", other, StringComparison.Ordinal);
        _connections = static _ => new BackendConnections(TakesNew: false, 2);
        Assert.False(answer.IsCompleted);
        _connections = static _ => new BackendConnections(TakesNew: false, 0);
        Assert.EndsWith("\r\n\r\n0\n", await answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_TimeIsOver_TellsHowManyAreLeft()
    {
        using var folder = new TempDirectory();
        await using var server = Serve(folder);
        _connections = static _ => new BackendConnections(TakesNew: false, 3);
        Assert.EndsWith("\r\n\r\n3\n", await AskAsync(folder, "GET /draining/pod-1 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n3\n", await AskAsync(folder, "GET /draining/pod-1?wait=1 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_ThoseWhoAskedHaveGone_HoldNobodyUp()
    {
        using var folder = new TempDirectory();
        await using var server = Serve(folder);
        var asked = 0;
        _connections = uid =>
        {
            if (uid == "pod-1") Interlocked.Increment(ref asked);
            return new BackendConnections(TakesNew: false, uid == "pod-1" ? 1 : 0);
        };
        // As many as may ask at once.
        var waiting = Enumerable.Range(0, 64).Select(_ => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)).ToList();
        foreach (var socket in waiting)
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketIn(folder)), TestContext.Current.CancellationToken);
            await socket.SendAsync("GET /draining/pod-1?wait=3600 HTTP/1.1\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        }

        await Eventually.True(() => Volatile.Read(ref asked) >= waiting.Count);
        var other = AskAsync(folder, "GET /draining/pod-2?wait=3600 HTTP/1.1\r\n\r\n");
        foreach (var socket in waiting) socket.Dispose();
        Assert.EndsWith("\r\n\r\n0\n", await other.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_AfterATakeOver_WaitsForWhatTheEarlierProcessesStillHave()
    {
        using var folder = new TempDirectory();
        var left = 2L;
        var first = new DrainServer(SocketIn(folder), _ => new BackendConnections(TakesNew: true, Volatile.Read(ref left)), NullLogger.Instance, TimeProvider.System);
        await using var second = Serve(folder);
        Assert.EndsWith("\r\n\r\n2\n", await AskAsync(folder, "GET /draining/pod-1 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n0\n", await AskAsync(folder, "GET /draining/pod-1?own HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        var answer = AskAsync(folder, "GET /draining/pod-1?wait=60 HTTP/1.1\r\n\r\n");
        Assert.False(answer.IsCompleted);
        Volatile.Write(ref left, 0);
        Assert.EndsWith("\r\n\r\n0\n", await answer, StringComparison.Ordinal);

        Volatile.Write(ref left, 7);
        await first.DisposeAsync();
        Assert.EndsWith("\r\n\r\n0\n", await AskAsync(folder, "GET /draining/pod-1 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal([SocketIn(folder)], Directory.EnumerateFiles(folder.Path));
    }

    [Theory]
    [InlineData("GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 404")]
    [InlineData("GET /draining/?wait=1 HTTP/1.1\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("GET /draining/pod?wait=soon HTTP/1.1\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("nonsense\r\n\r\n", "HTTP/1.1 404")]
    public async Task Ask_SomethingElse_IsRefused(string request, string answer)
    {
        using var folder = new TempDirectory();
        await using var server = Serve(folder);
        Assert.StartsWith(answer, await AskAsync(folder, request), StringComparison.Ordinal);
    }

    private DrainServer Serve(TempDirectory folder) => new(SocketIn(folder), uid => _connections(uid), NullLogger.Instance, TimeProvider.System);

    private static string SocketIn(TempDirectory folder) => Path.Combine(folder.Path, "proxy.sock");

    private static async Task<string> AskAsync(TempDirectory folder, string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketIn(folder)));
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        var text = new StringBuilder();
        var buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer) is var length and > 0) text.Append(Encoding.ASCII.GetString(buffer, 0, length));
        return text.ToString();
    }
}
