using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tcp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>What a TCP relay counts of a service and its backends, by whichever path.</summary>
public sealed class TcpTrafficTests
{
    private const int Up = 30_000;
    private const int Down = 70_000;

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    [InlineData(TcpPath.Ring)]
    public async Task Bytes_OfConnections_AreTheirBackends(TcpPath path)
    {
        await using var backend = new TcpBackend(async socket =>
        {
            Assert.Equal(Up, (await socket.ReceiveToEndAsync()).Length);
            await socket.SendAllAsync(new byte[Down]);
        });
        await using var rig = new TcpRelayRig(path, null, backend.EndPoint);
        for (var i = 0; i < 3; i++)
        {
            using var client = await rig.ConnectAsync();
            await client.SendAllAsync(new byte[Up]);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(Down, (await client.ReceiveToEndAsync()).Length);
        }

        await Eventually.True(() => rig.BackendConnections == 0);
        var entry = rig.Directory.Current.Entries.Single();
        Assert.Equal((3L * Up, 3L * Down), (entry.Backends[0].State.BytesToBackend, entry.Backends[0].State.BytesToClient));
        var connects = entry.State.Traffic.ConnectTimes.Snapshot();
        Assert.Equal(3, connects.Counts.Sum());
        Assert.True(connects.Sum > 0);
        Assert.Equal(0, entry.State.Traffic.Retries);
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Bytes_OfAConnectionThatLasts_AreCountedMeanwhile(TcpPath path)
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = new TcpRelayRig(path, new TcpRelayOptions { IdleTimeout = TimeSpan.FromMinutes(1) }, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("hello");
        var state = rig.Directory.Current.Entries.Single().Backends[0].State;
        await Eventually.True(() => state.BytesToBackend == 5 && state.BytesToClient == 5);
        Assert.Equal(1, state.Active);
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Traffic_BackendsThatRefuse_AreRetriesAndDrops(TcpPath path)
    {
        await using var backend = new TcpBackend(socket => socket.SendAllAsync("x"));
        var gone = new TcpBackend(socket => Task.CompletedTask);
        var place = gone.EndPoint;
        await gone.DisposeAsync();
        await using var rig = new TcpRelayRig(path, null, place, backend.EndPoint);
        for (var i = 0; i < 2; i++)
        {
            using var client = await rig.ConnectAsync();
            Assert.Equal("x", await client.ReceiveTextToEndAsync());
        }

        var traffic = rig.Directory.Current.Entries.Single().State.Traffic;
        Assert.True(traffic.Retries >= 1);
        rig.SetBackends(place);
        await RefusedAsync(rig);
        await Eventually.True(() => traffic.Drops(DropReason.ConnectFailed) == 1);
        rig.SetBackends();
        await RefusedAsync(rig);
        await Eventually.True(() => traffic.Drops(DropReason.NoBackend) == 1);
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Traffic_ClientOutsideOfTheSourceRanges_IsOneDrop(TcpPath path)
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(path, new ServicePort(Id, 80) { SourceRanges = [IPNetwork.Parse("203.0.113.0/24")] }, backend.EndPoint);
        await RefusedAsync(rig);
        await AssertDropsAsync(rig, DropReason.SourceRefused);
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Traffic_OfAFullService_IsOneDrop(TcpPath path)
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(path, new ServicePort(Id, 80) { MaxConnections = 1 }, backend.EndPoint);
        using var first = await rig.ConnectAsync();
        await Eventually.True(() => backend.Accepted == 1);
        await RefusedAsync(rig);
        await AssertDropsAsync(rig, DropReason.Limit);
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Traffic_BackendThatRefusesAtTheLimit_LeavesRoomForAnother(TcpPath path)
    {
        await using var backend = new TcpBackend(socket => socket.SendAllAsync("x"));
        var gone = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        await using var rig = Rig(path, new ServicePort(Id, 80) { MaxConnections = 1 }, gone, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        Assert.Equal("x", await client.ReceiveTextToEndAsync());
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Bytes_ThatAreKept_AreOfEachBackendThatGotThem(TcpPath path)
    {
        await using var failing = new TcpBackend(async socket =>
        {
            var buffer = new byte[64];
            for (var length = 0; !buffer.AsSpan(0, length).EndsWith("hello"u8);) length += await socket.ReceiveAsync(buffer.AsMemory(length));
            socket.ResetAndClose();
        });
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(path, new ServicePort(Id, 80) { Replay = true, ProxyProtocol = true }, failing.EndPoint, backend.EndPoint);
        using (var client = await rig.ConnectAsync())
        {
            await client.SendAllAsync("hello");
            client.Shutdown(SocketShutdown.Send);
            Assert.EndsWith("hello", await client.ReceiveTextToEndAsync(), StringComparison.Ordinal);
        }

        await Eventually.True(() => rig.BackendConnections == 0);
        var entry = rig.Directory.Current.Entries.Single();
        Assert.Equal((5, 5), (entry.Backends[0].State.BytesToBackend, entry.Backends[1].State.BytesToBackend));

        // And more than is kept, of which each byte counts once.
        rig.SetBackends(backend.EndPoint);
        var state = rig.Directory.Current.Entries.Single().Backends[0].State;
        using (var client = await rig.ConnectAsync())
        {
            var answer = client.ReceiveToEndAsync();
            await client.SendAllAsync(new byte[Up]);
            client.Shutdown(SocketShutdown.Send);
            await answer;
        }

        await Eventually.True(() => rig.BackendConnections == 0);
        Assert.Equal(5 + Up, state.BytesToBackend);
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Traffic_SilenceBeforeTheFirstAnswer_IsIdleAndNobodysFailure(TcpPath path)
    {
        await using var silent = new TcpBackend(async socket => await socket.ReceiveToEndAsync());
        await using var rig = Rig(path, new ServicePort(Id, 80) { Replay = true, IdleTimeout = TimeSpan.FromMilliseconds(300) }, silent.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
        await AssertDropsAsync(rig, DropReason.Idle);
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Traffic_ClientThatResetsBeforeTheFirstAnswer_IsNobodysFailure(TcpPath path)
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var end = new TaskCompletionSource<SocketError>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var backend = new TcpBackend(async socket =>
        {
            await socket.ReceiveAsync(new byte[16]);
            heard.SetResult();
            end.SetResult(await socket.EndAsync());
        });
        await using var rig = Rig(path, new ServicePort(Id, 80) { Replay = true }, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        await heard.Task;
        client.ResetAndClose();
        Assert.Equal(SocketError.ConnectionReset, await end.Task);
        await AssertDropsAsync(rig);
    }

    private static ServicePortId Id => new("ns/web", ServiceProtocol.Tcp);

    private static TcpRelayRig Rig(TcpPath path, ServicePort port, params IPEndPoint[] backends) => new(path, null, IPAddress.Loopback, port, backends);

    // Each of the given ones once and no other, with no connection and no backend's failure left behind.
    private static async Task AssertDropsAsync(TcpRelayRig rig, params DropReason[] reasons)
    {
        var entry = rig.Directory.Current.Entries.Single();
        await Eventually.True(() => reasons.All(reason => entry.State.Traffic.Drops(reason) > 0));
        if (entry.Port.MaxConnections == 0) await Eventually.True(() => rig.ActiveConnections == 0);
        foreach (var reason in Enum.GetValues<DropReason>()) Assert.Equal(reasons.Contains(reason) ? 1 : 0, entry.State.Traffic.Drops(reason));
        foreach (var backend in entry.Backends) Assert.Equal(0, backend.State.Failures);
    }

    private static async Task RefusedAsync(TcpRelayRig rig)
    {
        try
        {
            using var client = await rig.ConnectAsync();
            Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
        }
        catch (SocketException)
        {
            // Reset before the client knew that it was connected.
        }
    }
}
