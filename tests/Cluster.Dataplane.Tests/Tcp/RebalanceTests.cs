using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>Long connections that are ended in order so that their clients come back elsewhere, on every path.</summary>
public abstract class RebalanceTests(TcpPath path)
{
    [Fact]
    public async Task Relay_TwoMoreBackendsUnderKeepAliveLoad_SpreadsConnectionsWithoutAReset()
    {
        const int clients = 120;
        await using var a = new TcpBackend(TcpBackend.EchoAsync);
        await using var b = new TcpBackend(TcpBackend.EchoAsync);
        await using var c = new TcpBackend(TcpBackend.EchoAsync);
        await using var d = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = new TcpRelayRig(path, null, IPAddress.Loopback, Port(rebalance: true), a.EndPoint, b.EndPoint);
        await using var rebalancer = new Rebalancer(rig.Directory, TimeProvider.System);
        await using var load = new KeepAliveLoad(rig.EndPoint, clients);
        await Eventually.True(() => rig.BackendConnections == clients && load.Answered > clients);

        rig.SetBackends(a.EndPoint, b.EndPoint, c.EndPoint, d.EndPoint);
        // Within a tenth of its share, each.
        await Eventually.True(() => Connections(rig).All(count => count is >= 27 and <= 33), "connections to spread", TimeSpan.FromSeconds(60));
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

    private static IEnumerable<int> Connections(TcpRelayRig rig) =>
        rig.Directory.Find(Port().Id)!.Backends.ToArray().Select(backend => backend.State.Active);

    private static ServicePort Port(bool rebalance = false, TimeSpan age = default) =>
        new(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")], Rebalance = rebalance, MaxConnectionAge = age };
}
