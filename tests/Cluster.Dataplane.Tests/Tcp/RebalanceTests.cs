using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tcp;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>Long connections that are ended in order so that their clients come back elsewhere, on every path.</summary>
public abstract class RebalanceTests(TcpPath path)
{
    [Fact]
    public async Task Relay_TwoMoreBackendsUnderKeepAliveLoad_SpreadsConnectionsWithoutAReset()
    {
        const int clients = 120, seconds = 30;
        await using var a = new TcpBackend(TcpBackend.EchoAsync);
        await using var b = new TcpBackend(TcpBackend.EchoAsync);
        await using var c = new TcpBackend(TcpBackend.EchoAsync);
        await using var d = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = new TcpRelayRig(path, null, IPAddress.Loopback, Port(rebalance: true), a.EndPoint, b.EndPoint);
        var time = new FakeTimeProvider();
        await using var rebalancer = new Rebalancer(rig.Directory, time);
        await using var load = new KeepAliveLoad(rig.EndPoint, clients);
        await Eventually.True(() => rig.BackendConnections == clients && load.Answered > clients);

        rig.SetBackends(a.EndPoint, b.EndPoint, c.EndPoint, d.EndPoint);
        // Within a tenth of its share, each; a second of the rebalancer's time is over when its connections have moved, however long that takes here.
        var passed = 0;
        for (; passed < seconds && !Connections(rig).All(count => count is >= 27 and <= 33); passed++)
        {
            var given = States(rig).Sum(state => state.Given);
            time.Advance(TimeSpan.FromSeconds(1));
            await Eventually.True(() => States(rig).Sum(state => state.Given) > given, "a connection to move");
            await Eventually.True(() => States(rig).All(state => state.Surplus <= 0) && rig.BackendConnections == clients, "the rest to follow");
        }

        Assert.True(passed < seconds, $"{string.Join(", ", Connections(rig))} after {passed} s");
        Assert.Equal(0, load.Resets);
    }

    [Fact]
    public async Task Relay_ConnectionOfItsAge_EndsInOrderWhenNothingIsUnderWay()
    {
        var answer = new TaskCompletionSource();
        await using var backend = new TcpBackend(async socket =>
        {
            await socket.SendAllAsync("hello");
            await socket.ReceiveAsync(new byte[16]);
            await answer.Task;
            await socket.SendAllAsync("answer");
            await TcpBackend.EchoAsync(socket);
        });
        await using var rig = new TcpRelayRig(path, null, IPAddress.Loopback, Port(age: TimeSpan.FromMilliseconds(300)), backend.EndPoint);
        using var client = await rig.ConnectAsync();
        Assert.Equal(5, await client.ReceiveAsync(new byte[16]));
        await client.SendAllAsync("ask");
        var received = client.ReceiveTextToEndAsync();
        // Well past its age: it waits for the answer.
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.False(received.IsCompleted);
        answer.SetResult();
        Assert.Equal("answer", await received);
        client.Dispose();
        await Eventually.True(() => rig.ActiveConnections == 0);
    }

    [Fact]
    public async Task Relay_SilentConnectionOfItsAge_EndsInOrderAndThenForGood()
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        // Silent for longer than an end may take.
        await using var rig = new TcpRelayRig(path, null, IPAddress.Loopback, Port(age: TimeSpan.FromMilliseconds(1.2 * QuietEnd.PatienceMs)), backend.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        Assert.Equal("x", await client.ReceiveTextToEndAsync());
        // What it says now is thrown away, without a reset for a while, and in the end it is not waited for.
        for (var i = 0; i < 10; i++)
        {
            await client.SendAllAsync("y");
            await Task.Delay(100);
        }

        await Eventually.True(async () => rig.ActiveConnections == 0 || !await TrySendAsync(client, "y"));
        await Eventually.True(() => rig.ActiveConnections == 0);
        Assert.Equal(0, rig.Directory.Find(Port().Id)!.State.Traffic.Drops(DropReason.Idle));
    }

    [Fact]
    public async Task Relay_ClientThatReadsLate_GetsAllOfAConnectionOfItsAge()
    {
        const int answer = 1024 * 1024;
        await using var backend = new TcpBackend(async socket =>
        {
            await socket.ReceiveAsync(new byte[16]);
            await socket.SendAllAsync(new byte[answer]);
            await socket.ReceiveToEndAsync(TimeSpan.FromMinutes(1));
        });
        await using var rig = new TcpRelayRig(path, null, IPAddress.Loopback, Port(age: TimeSpan.FromMilliseconds(1.2 * QuietEnd.PatienceMs)), backend.EndPoint);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 * 1024 };
        await client.ConnectAsync(rig.EndPoint);
        await client.SendAllAsync("x");
        // Well past its age: by now everything is in the kernel's buffers, and not acknowledged.
        await Task.Delay(TimeSpan.FromMilliseconds(1.4 * QuietEnd.PatienceMs));
        Assert.Equal(answer, (await client.ReceiveToEndAsync()).Length);
    }

    private static async Task<bool> TrySendAsync(Socket socket, string text)
    {
        try
        {
            await socket.SendAllAsync(text);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static IEnumerable<int> Connections(TcpRelayRig rig) => States(rig).Select(state => state.Active);

    private static IEnumerable<BackendState> States(TcpRelayRig rig) => rig.Directory.Find(Port().Id)!.Backends.ToArray().Select(backend => backend.State);

    private static ServicePort Port(bool rebalance = false, TimeSpan age = default) =>
        new(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")], Rebalance = rebalance, MaxConnectionAge = age };
}
