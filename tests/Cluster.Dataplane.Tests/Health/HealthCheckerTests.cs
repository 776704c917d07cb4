using System.Net;
using System.Text;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Health;

public sealed class HealthCheckerTests
{
    private static readonly HealthCheck Fast = new() { Interval = TimeSpan.FromMilliseconds(20), Timeout = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task Checker_BackendThatRefuses_IsLeftOutAndComesBack()
    {
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        var late = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        var directory = new ServiceDirectory();
        await using var checker = new HealthChecker(directory, TimeProvider.System);
        var entry = Follow(directory, checker, Fast, alive.EndPoint, late);
        Assert.Equal(2, entry.Usable(TrafficScope.Internal).Length);
        await Eventually.True(() => Usable(entry).SequenceEqual([alive.EndPoint]));

        await using var back = new TcpBackend(TcpBackend.EchoAsync, late.Address, late.Port);
        await Eventually.True(() => Usable(entry).Length == 2);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", true)]
    [InlineData("HTTP/1.0 302 Found\r\n\r\n", true)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\n\r\n", false)]
    [InlineData("SSH-2.0-OpenSSH\r\n", false)]
    [InlineData("HTTP/1.1 20", false)]
    public async Task Checker_OverHttp_GoesByTheStatus(string answer, bool stays)
    {
        var asked = 0;
        await using var backend = new TcpBackend(async socket =>
        {
            var request = new byte[512];
            var length = await socket.ReceiveAsync(request);
            Assert.StartsWith("GET /health HTTP/1.1\r\nHost: 127.0.0.1", Encoding.ASCII.GetString(request, 0, length), StringComparison.Ordinal);
            await socket.SendAllAsync(answer);
            Interlocked.Increment(ref asked);
        });
        await using var alive = new TcpBackend(async socket =>
        {
            await socket.ReceiveAsync(new byte[512]);
            await socket.SendAllAsync("HTTP/1.1 200 OK\r\n\r\n");
        });
        var directory = new ServiceDirectory();
        await using var checker = new HealthChecker(directory, TimeProvider.System);
        var entry = Follow(directory, checker, Fast with { HttpPath = "/health" }, backend.EndPoint, alive.EndPoint);
        await Eventually.True(() => asked > 5);
        await Eventually.True(() => Usable(entry).Length == (stays ? 2 : 1));
        Assert.Contains(alive.EndPoint, Usable(entry));
    }

    [Fact]
    public async Task Checker_NoBackendAnswers_AllAreUsed()
    {
        var directory = new ServiceDirectory();
        await using var checker = new HealthChecker(directory, TimeProvider.System);
        var entry = Follow(
            directory, checker, Fast, new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()), new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()));
        await Eventually.True(() => entry.Backends.ToArray().All(backend => backend.State.IsDown));
        Assert.Equal(2, Usable(entry).Length);
    }

    [Fact]
    public async Task Follow_CheckTakenAway_ForgetsWhatItSaid()
    {
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        var dead = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        var directory = new ServiceDirectory();
        await using var checker = new HealthChecker(directory, TimeProvider.System);
        var entry = Follow(directory, checker, Fast, alive.EndPoint, dead);
        await Eventually.True(() => Usable(entry).Length == 1);
        entry = Follow(directory, checker, null, alive.EndPoint, dead);
        Assert.Equal(2, Usable(entry).Length);
    }

    private static IPEndPoint[] Usable(ServiceEntry entry) => [.. entry.Usable(TrafficScope.Internal).ToArray().Select(backend => backend.Address)];

    private static ServiceEntry Follow(ServiceDirectory directory, HealthChecker checker, HealthCheck? check, params IPEndPoint[] backends)
    {
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")], HealthCheck = check };
        directory.Set(port, [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);
        foreach (var change in directory.Publish()) checker.Follow(change);
        return directory.Find(port.Id)!;
    }
}
