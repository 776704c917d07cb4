using System.Net.Sockets;
using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Kubelet.Lifecycle;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Lifecycle;

public sealed class DrainWaitTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Wait_UntilTheProxyAnswers()
    {
        using var folder = new TempDirectory();
        using var proxy = Listen(folder.File("proxy.sock"));
        var waiting = new DrainWait(folder.File("proxy.sock"), TimeProvider.System).WaitAsync(Pod(asks: true), Grace, CancellationToken.None);
        using var connection = await proxy.AcceptAsync();
        var buffer = new byte[512];
        var length = await connection.ReceiveAsync(buffer);
        Assert.StartsWith("GET /draining/uid-1?wait=58 HTTP/1.1\r\n", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
        await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n0\n"u8.ToArray());
        connection.Shutdown(SocketShutdown.Both);
        Assert.InRange(await waiting, TimeSpan.FromSeconds(1), Grace);
    }

    [Fact]
    public async Task Wait_ProxyNeverAnswers_EndsWithinTheGrace()
    {
        using var folder = new TempDirectory();
        using var proxy = Listen(folder.File("proxy.sock"));
        var grace = ContainerKiller.MinimumGrace + TimeSpan.FromMilliseconds(200);
        var left = await new DrainWait(folder.File("proxy.sock"), TimeProvider.System).WaitAsync(Pod(asks: true), grace, CancellationToken.None);
        Assert.True(left <= ContainerKiller.MinimumGrace + TimeSpan.FromMilliseconds(50), $"{left}");
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Wait_NoProxyOrNotAskedFor_TakesNothingFromTheGrace(bool asks, bool listens)
    {
        using var folder = new TempDirectory();
        using var proxy = listens ? Listen(folder.File("proxy.sock")) : null;
        var left = await new DrainWait(folder.File("proxy.sock"), TimeProvider.System).WaitAsync(Pod(asks), Grace, CancellationToken.None);
        Assert.InRange(left, Grace - TimeSpan.FromSeconds(10), Grace);
    }

    private static Pod Pod(bool asks)
    {
        var pod = new Pod { Metadata = new ObjectMeta { Name = "web", Uid = "uid-1" } };
        if (asks) pod.Metadata.Annotations[DrainWait.Annotation] = "true";
        return pod;
    }

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }
}
