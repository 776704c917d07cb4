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
