using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>What clients notice of backends that fail, on every path.</summary>
public abstract class FailureMaskingTests(TcpPath path)
{
    private const string Request = "GET / HTTP/1.1\r\n\r\n";

    [Fact]
    public async Task Relay_AllBackendsButOneRefuse_ReachesThatOne()
    {
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        IPEndPoint[] dead = [.. Enumerable.Range(0, 9).Select(_ => new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()))];
        await using var rig = Rig(replay: false, [.. dead, alive.EndPoint]);
        for (var i = 0; i < 20; i++) Assert.Equal("x", await AskAsync(rig, "x"));
    }

    [Fact]
    public async Task Relay_BackendRefusesSeveralTimes_IsLeftOutUntilItAnswers()
    {
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        var late = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        await using var rig = Rig(replay: false, late, alive.EndPoint);
        for (var i = 0; i < 10; i++) Assert.Equal("x", await AskAsync(rig, "x"));
        Assert.Equal([alive.EndPoint], Usable(rig));
        Assert.InRange(rig.Directory.Find(Port(false).Id)!.Backends[0].State.Failures, 3, 5);

        await using var back = new TcpBackend(TcpBackend.EchoAsync, late.Address, late.Port);
        await Eventually.True(() => Usable(rig).Length == 2);
        var before = back.Accepted;
        for (var i = 0; i < 10; i++) Assert.Equal("x", await AskAsync(rig, "x"));
        Assert.Equal(5, back.Accepted - before);
    }

    [Fact]
    public async Task Relay_BackendFallsSilent_NewClientsAreLedOnAndItsOldOnesGoOnOnceItIsHeardAgain()
    {
        Assert.SkipUnless(Shell.CanChangeHost && File.Exists("/usr/bin/nsenter"), Shell.WhyNot);
        using var ns = new NetNamespace(950 + (int)path);
        await using var victim = new NamespaceServer(ns, ServiceProtocol.Tcp, v6: false, name: null, port: 8080);
        await using var other = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(replay: false, victim.EndPoint, other.EndPoint);
        var state = rig.Directory.Find(Port(false).Id)!.Backends[0].State;
        using var first = await rig.ConnectAsync();
        await EchoAsync(first, "first");
        var firstIsVictims = state.Active == 1;
        using var second = await rig.ConnectAsync();
        await EchoAsync(second, "second");
        var (lost, kept) = firstIsVictims ? (first, second) : (second, first);

        ns.SetSilent(true);
        await lost.SendAllAsync("is anybody there");
        for (var i = 0; i < 12; i++) Assert.Equal("x", await AskAsync(rig, "x"));
        Assert.Equal([other.EndPoint], Usable(rig));
        // As many clients as it takes have waited for it, each for one connect time-out.
        Assert.InRange(state.Failures, 3, 5);
        for (var i = 0; i < 10; i++) await EchoAsync(kept, $"kept alive {i}");

        ns.SetSilent(false);
        Assert.Equal("is anybody there", await ReceiveAsync(lost, "is anybody there".Length));
        await EchoAsync(lost, "again");
        await Eventually.True(() => Usable(rig).Length == 2, "the backend to be used again");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Relay_FirstBackendEndsWithoutAnswer_ReplaysToTheNext(bool reset)
    {
        await using var failing = new TcpBackend(socket => EndAfterRequestAsync(socket, reset));
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(replay: true, failing.EndPoint, alive.EndPoint);
        Assert.Equal(Request, await AskAsync(rig, Request));
        Assert.Equal((1, 1), (failing.Accepted, alive.Accepted));
    }

    [Fact]
    public async Task Relay_ClientSpeaksAgainAfterTheReplay_IsHeard()
    {
        var failed = new TaskCompletionSource();
        await using var failing = new TcpBackend(async socket =>
        {
            await EndAfterRequestAsync(socket, reset: true);
            failed.SetResult();
        });
        var silent = new TaskCompletionSource();
        await using var alive = new TcpBackend(async socket =>
        {
            await silent.Task;
            await TcpBackend.EchoAsync(socket);
        });
        await using var rig = Rig(replay: true, failing.EndPoint, alive.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync(Request);
        await failed.Task;
        await Eventually.True(() => alive.Accepted == 1);
        await client.SendAllAsync("and more");
        client.Shutdown(SocketShutdown.Send);
        silent.SetResult();
        Assert.Equal(Request + "and more", await client.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task Relay_OnlyBackendHalfClosesAtOnce_GetsEverythingTheClientSays()
    {
        var got = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var sink = new TcpBackend(async socket =>
        {
            socket.Shutdown(SocketShutdown.Send);
            got.SetResult(await socket.ReceiveTextToEndAsync());
        });
        await using var rig = Rig(replay: true, sink.EndPoint);
        using var client = await rig.ConnectAsync();
        Assert.Equal(0, await client.ReceiveAsync(new byte[1]));
        await client.SendAllAsync("a");
        await client.SendAllAsync("b");
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("ab", await got.Task);
    }

    [Fact]
    public async Task Relay_BackendsEndSilentConnections_EndsThemInOrderAndBlamesNobody()
    {
        await using var a = new TcpBackend(_ => Task.Delay(100));
        await using var b = new TcpBackend(_ => Task.Delay(100));
        await using var rig = Rig(replay: true, a.EndPoint, b.EndPoint);
        for (var i = 0; i < 6; i++)
        {
            using var silent = await rig.ConnectAsync();
            Assert.Equal(SocketError.Success, await silent.EndAsync());
        }

        foreach (var backend in rig.Directory.Find(Port(true).Id)!.Backends) Assert.Equal((0, false), (backend.State.Failures, backend.State.IsBoxed));
    }

    [Fact]
    public async Task Relay_BackendAnswersAnUploadAndResets_ClientHasTheAnswerFirst()
    {
        // Closed with unread data: the kernel resets the connection, behind the answer.
        await using var hasty = new TcpBackend(async socket =>
        {
            await socket.ReceiveAsync(new byte[1024]);
            await socket.SendAllAsync("413");
        });
        await using var rig = Rig(replay: false, hasty.EndPoint);
        for (var i = 0; i < 200; i++)
        {
            using var client = await rig.ConnectAsync();
            var uploading = UploadAsync(client);
            var answer = new byte[3];
            for (var length = 0; length < answer.Length;)
            {
                var received = await client.ReceiveAsync(answer.AsMemory(length));
                Assert.True(received > 0, $"client {i} met an end after {length} bytes of the answer");
                length += received;
            }

            await uploading;
        }
    }

    [Fact]
    public async Task Relay_MoreThanIsKept_IsNotReplayed()
    {
        var large = new string('x', 64 * 1024);
        await using var failing = new TcpBackend(async socket =>
        {
            var buffer = new byte[32 * 1024];
            for (var received = 0; received <= 20 * 1024;) received += await socket.ReceiveAsync(buffer);
            socket.ResetAndClose();
        });
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(replay: true, failing.EndPoint, alive.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync(large);
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
        Assert.Equal(0, alive.Accepted);
    }

    [Fact]
    public async Task Relay_LargeRequestToAServiceThatReplays_PassesWhole()
    {
        var large = string.Concat(Enumerable.Range(0, 40_000).Select(number => $"{number:x4} "));
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(replay: true, alive.EndPoint);
        Assert.Equal(large, await AskAsync(rig, large));
    }

    [Fact]
    public async Task Relay_MoreThanIsKeptIsTaken_TheBackendsFailuresAreForgotten()
    {
        var large = new string('x', 100_000);
        await using var alive = new TcpBackend(async socket => await socket.SendAllAsync(await socket.ReceiveTextToEndAsync()));
        await using var rig = Rig(replay: true, alive.EndPoint);
        var state = rig.Directory.Find(Port(true).Id)!.Backends[0].State;
        state.Strike(2);

        Assert.Equal(large, await AskAsync(rig, large));

        Assert.Equal(0, state.Strikes);
    }

    [Fact]
    public async Task Relay_AnsweredOnce_IsNotReplayed()
    {
        await using var failing = new TcpBackend(async socket =>
        {
            await socket.ReceiveAsync(new byte[64]);
            await socket.SendAllAsync("a");
            await socket.ReceiveAsync(new byte[64]);
            socket.ResetAndClose();
        });
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(replay: true, failing.EndPoint, alive.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        Assert.Equal(1, await client.ReceiveAsync(new byte[1]));
        await client.SendAllAsync("x");
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
        Assert.Equal(0, alive.Accepted);
    }

    [Fact]
    public async Task Relay_WithoutReplay_ResetsWithTheBackend()
    {
        await using var failing = new TcpBackend(socket => EndAfterRequestAsync(socket, reset: true));
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(replay: false, failing.EndPoint, alive.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Relay_BackendKilledUnderLoad_OnlyWhatItHadIsLost(bool replay)
    {
        await using var a = await BackendProcess.StartAsync();
        await using var b = await BackendProcess.StartAsync();
        await using var c = await BackendProcess.StartAsync();
        await using var rig = Rig(replay, a.EndPoint, b.EndPoint, c.EndPoint);
        await using var load = new RequestLoad(rig.EndPoint, clients: 100);
        await load.AnswerAsync(1000);
        Assert.Equal((0, 0), (load.FailedConnects, load.FailedRequests));

        b.Kill();
        await Eventually.True(() => Usable(rig).Length == 2, "the killed backend to be left out");
        // Those that were under way to it when it was left out may still come to their end.
        await load.AnswerAsync(load.Clients);
        var failed = load.FailedRequests;
        await load.AnswerAsync(2000);
        Assert.Equal(0, load.FailedConnects);
        Assert.Equal(failed, load.FailedRequests);
        Assert.InRange(failed, 0, replay ? 0 : load.Clients);
    }

    [Fact]
    public async Task Relay_AllBackendsReplacedInTurnUnderLoad_NothingFails()
    {
        List<TcpBackend> backends = [.. Enumerable.Range(0, 3).Select(_ => new TcpBackend(TcpBackend.EchoAsync))];
        await using var rig = Rig(replay: false, [.. backends.Select(backend => backend.EndPoint)]);
        await using (var load = new RequestLoad(rig.EndPoint, clients: 100))
        {
            await load.AnswerAsync(500);
            for (var turn = 0; turn < 3; turn++)
            {
                var old = backends[0];
                backends.RemoveAt(0);
                backends.Add(new TcpBackend(TcpBackend.EchoAsync));
                var entry = rig.Directory.Publish(Port(false), [.. backends.Select(backend => Ready(backend)), Terminating(old)]);
                // Gone once what it had has come to its end, as a kubelet that waits for its connections would have it.
                await Eventually.True(() => entry.Backends[^1].State.Active == 0);
                await old.DisposeAsync();
                rig.Directory.Publish(Port(false), [.. backends.Select(Ready)]);
                await load.AnswerAsync(500);
            }

            Assert.Equal((0, 0), (load.FailedConnects, load.FailedRequests));
        }

        foreach (var backend in backends) await backend.DisposeAsync();

        static Backend Ready(TcpBackend backend) => new(backend.EndPoint.ToString(), backend.EndPoint);
        static Backend Terminating(TcpBackend backend) => new(backend.EndPoint.ToString(), backend.EndPoint) { Health = BackendHealth.Terminating };
    }

    private static async Task EndAfterRequestAsync(Socket socket, bool reset)
    {
        await socket.ReceiveAsync(new byte[1024]);
        if (reset) socket.ResetAndClose();
        else socket.Dispose();
    }

    private static IPEndPoint[] Usable(TcpRelayRig rig) =>
        [.. rig.Directory.Find(Port(false).Id)!.Usable(TrafficScope.Internal).ToArray().Select(backend => backend.Address)];

    private static ServicePort Port(bool replay) =>
        new(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")], Replay = replay };

    private TcpRelayRig Rig(bool replay, params IPEndPoint[] backends) => new(path, null, IPAddress.Loopback, Port(replay), backends);

    // Until the other side has had enough.
    private static async Task UploadAsync(Socket client)
    {
        var chunk = new byte[16 * 1024];
        try
        {
            for (var i = 0; i < 640; i++) await client.SendAllAsync(chunk);
        }
        catch (SocketException)
        {
            // Reset, as it should be.
        }
    }

    private static async Task EchoAsync(Socket client, string text)
    {
        await client.SendAllAsync(text);
        Assert.Equal(text, await ReceiveAsync(client, text.Length));
    }

    private static async Task<string> ReceiveAsync(Socket client, int length)
    {
        var buffer = new byte[length];
        for (var received = 0; received < length;)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(received)).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            if (read == 0) return Encoding.ASCII.GetString(buffer, 0, received);
            received += read;
        }

        return Encoding.ASCII.GetString(buffer);
    }

    private static async Task<string> AskAsync(TcpRelayRig rig, string text)
    {
        using var client = await rig.ConnectAsync();
        var answer = client.ReceiveTextToEndAsync();
        await client.SendAllAsync(text);
        client.Shutdown(SocketShutdown.Send);
        return await answer;
    }
}
