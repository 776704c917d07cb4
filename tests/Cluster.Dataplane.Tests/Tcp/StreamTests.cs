using System.Collections.Concurrent;
using System.Net.Sockets;
using Cluster.Dataplane.Tcp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>Transfers far larger than every buffer on the way: these move from copying to splicing where the path has it.</summary>
public sealed class StreamTests
{
    private const int AtOnce = 6;
    private const int Size = 24_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly byte[] Data = MakeData();

    public static TheoryData<TcpPath> Paths => [TcpPath.Managed, TcpPath.Loop, TcpPath.Ring, TcpPath.Splice];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Relay_LargeTransfersBothWaysAtOnce_PassEveryByteAndBothEnds(TcpPath path)
    {
        var backendSaw = new ConcurrentBag<bool>();
        await using var backend = new TcpBackend(async socket =>
        {
            var received = ReceivesDataAsync(socket, pauseMs: 0);
            await socket.SendAllAsync(Data);
            socket.Shutdown(SocketShutdown.Send);
            backendSaw.Add(await received);
        });
        await using var rig = new TcpRelayRig(path, null, backend.EndPoint);
        await Parallel.ForEachAsync(Enumerable.Range(0, AtOnce), async (_, _) =>
        {
            using var client = await rig.ConnectAsync();
            var received = ReceivesDataAsync(client, pauseMs: 0);
            await client.SendAllAsync(Data);
            client.Shutdown(SocketShutdown.Send);
            Assert.True(await received);
        });
        await Eventually.True(() => rig.ActiveConnections == 0, "every connection to end");
        await Eventually.True(() => backendSaw.Count == AtOnce, "every backend side to end");
        Assert.DoesNotContain(false, backendSaw);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Relay_SourceEndsWhileTheReaderIsSlow_TheRestFollowsAndThenTheEnd(TcpPath path)
    {
        var answered = new TaskCompletionSource<string>();
        await using var backend = new TcpBackend(async socket =>
        {
            await socket.SendAllAsync(Data);
            socket.Shutdown(SocketShutdown.Send);
            answered.SetResult(await socket.ReceiveTextToEndAsync(Patience));
        });
        await using var rig = new TcpRelayRig(path, null, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        client.ReceiveBufferSize = 32 * 1024;
        // The backend's half is closed long before its bytes are through, and the other way stays open to the end.
        Assert.True(await ReceivesDataAsync(client, pauseMs: 1));
        await client.SendAllAsync("thanks");
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("thanks", await answered.Task.WaitAsync(Patience));
        await Eventually.True(() => rig.ActiveConnections == 0, "the connection to end");
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Relay_SourceResetsWhileTheReaderIsBlocked_TheReaderSeesAReset(TcpPath path)
    {
        var blocked = new TaskCompletionSource();
        await using var backend = new TcpBackend(async socket =>
        {
            var sending = socket.SendAllAsync(Data);
            // Until nothing moves any more: the relay holds bytes that the client does not take.
            await Task.WhenAny(sending, blocked.Task);
            socket.ResetAndClose();
            await sending.ContinueWith(static _ => { }, TaskScheduler.Default);
        });
        await using var rig = new TcpRelayRig(path, null, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        client.ReceiveBufferSize = 32 * 1024;
        await Eventually.True(() => client.Available > 0, "bytes to arrive");
        await Task.Delay(200);
        blocked.SetResult();
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
        await Eventually.True(() => rig.ActiveConnections == 0, "the connection to end");
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Relay_MoreBlockedStreamsThanPipes_AllGoOn(TcpPath path)
    {
        await using var backend = new TcpBackend(async socket =>
        {
            await socket.SendAllAsync(Data);
            socket.Shutdown(SocketShutdown.Send);
            await socket.ReceiveTextToEndAsync(Patience);
        });
        await using var rig = new TcpRelayRig(path, new TcpRelayOptions { PipesPerLoop = 1 }, backend.EndPoint);
        var clients = new List<Socket>();
        for (var i = 0; i < 12; i++)
        {
            clients.Add(await rig.ConnectAsync());
            clients[^1].ReceiveBufferSize = 32 * 1024;
        }

        // All of them block before the first one reads.
        await Eventually.True(() => clients.TrueForAll(client => client.Available > 0), "bytes to arrive");
        await Task.WhenAll(clients.Select(async client =>
        {
            Assert.True(await ReceivesDataAsync(client, pauseMs: 0));
            client.Dispose();
        }));
        await Eventually.True(() => rig.ActiveConnections == 0, "every connection to end");
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Relay_UrgentByteInAStream_IsLeftOutAndTheRestPasses(TcpPath path)
    {
        var received = new TaskCompletionSource<string>();
        await using var backend = new TcpBackend(async socket => received.SetResult(await socket.ReceiveTextToEndAsync(Patience)));
        await using var rig = new TcpRelayRig(path, null, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("before ");
        client.Send("!"u8, SocketFlags.OutOfBand);
        await client.SendAllAsync("after");
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("before after", await received.Task.WaitAsync(Patience));
    }

    private static byte[] MakeData()
    {
        var data = new byte[Size];
        new Random(1).NextBytes(data);
        return data;
    }

    private static async Task<bool> ReceivesDataAsync(Socket socket, int pauseMs)
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[64 * 1024];
        var position = 0;
        for (var turn = 0; await socket.ReceiveAsync(buffer, patience.Token) is var length and > 0; turn++)
        {
            if (position + length > Size || !buffer.AsSpan(0, length).SequenceEqual(Data.AsSpan(position, length))) return false;
            position += length;
            if (pauseMs > 0 && turn % 16 == 0) await Task.Delay(pauseMs, patience.Token);
        }

        return position == Size;
    }
}
