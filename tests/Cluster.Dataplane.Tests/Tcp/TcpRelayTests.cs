using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tcp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>What a TCP relay does, by whichever path.</summary>
public abstract class TcpRelayTests(TcpPath path)
{
    [Fact]
    public async Task Relay_ThreeHundredConnectionsOverThree_GivesEachHundred()
    {
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var b = new TcpBackend(socket => socket.SendAllAsync("b"));
        await using var c = new TcpBackend(socket => socket.SendAllAsync("c"));
        await using var rig = Rig(null, a.EndPoint, b.EndPoint, c.EndPoint);

        var answers = new List<string>();
        for (var i = 0; i < 300; i++)
        {
            using var client = await rig.ConnectAsync();
            answers.Add(await client.ReceiveTextToEndAsync());
        }

        Assert.Equal([("a", 100), ("b", 100), ("c", 100)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public async Task Relay_ClientEndsFirst_StillGetsTheAnswer()
    {
        await using var backend = new TcpBackend(async socket =>
        {
            var request = await socket.ReceiveTextToEndAsync();
            await socket.SendAllAsync($"got {request}");
        });
        await using var rig = Rig(null, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("all of it");
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("got all of it", await client.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task Relay_BackendEndsFirst_StillGetsTheRequest()
    {
        var received = new TaskCompletionSource<string>();
        await using var backend = new TcpBackend(async socket =>
        {
            await socket.SendAllAsync("greeting");
            socket.Shutdown(SocketShutdown.Send);
            received.SetResult(await socket.ReceiveTextToEndAsync());
        });
        await using var rig = Rig(null, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        Assert.Equal("greeting", await client.ReceiveTextToEndAsync());
        await client.SendAllAsync("late request");
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("late request", await received.Task.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Relay_ClientResets_ResetsTheBackend()
    {
        var end = new TaskCompletionSource<SocketError>();
        await using var backend = new TcpBackend(async socket => end.SetResult(await socket.EndAsync()));
        await using var rig = Rig(null, backend.EndPoint);
        var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        await Eventually.True(() => backend.Accepted == 1);
        client.ResetAndClose();
        Assert.Equal(SocketError.ConnectionReset, await end.Task.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Relay_BackendResets_ResetsTheClient()
    {
        await using var backend = new TcpBackend(async socket =>
        {
            await socket.ReceiveAsync(new byte[1]);
            socket.ResetAndClose();
        });
        await using var rig = Rig(null, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
    }

    [Fact]
    public async Task Relay_BackendRefuses_TriesTheNext()
    {
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        var dead = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        await using var rig = Rig(null, dead, alive.EndPoint);
        for (var i = 0; i < 10; i++) Assert.Equal("x", await EchoAsync(rig, "x"));
    }

    [Fact]
    public async Task Relay_BackendSilent_TriesTheNextAfterTheTimeout()
    {
        // A listener whose queue is full drops what comes: the kernel answers neither yes nor no.
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(0);
        using var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await filler.ConnectAsync(silent.LocalEndPoint!);
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(null, (IPEndPoint)silent.LocalEndPoint!, alive.EndPoint);

        var started = Stopwatch.GetTimestamp();
        Assert.Equal("x", await EchoAsync(rig, "x"));
        Assert.Equal(1, alive.Accepted);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Relay_NoBackendAnswers_ResetsTheClient()
    {
        await using var rig = Rig(null, new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()));
        Assert.Equal(SocketError.ConnectionReset, await EndAsync());

        async Task<SocketError> EndAsync()
        {
            try
            {
                using var client = await rig.ConnectAsync();
                return await client.EndAsync();
            }
            catch (SocketException exception)
            {
                // The reset may be there before connecting has returned.
                return exception.SocketErrorCode;
            }
        }
    }

    [Fact]
    public async Task Relay_BackendRemoved_NewConnectionsAvoidItAndOldOnesGoOn()
    {
        await using var a = new TcpBackend(TcpBackend.EchoAsync);
        await using var b = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(null, a.EndPoint);
        using var old = await rig.ConnectAsync();
        await old.SendAllAsync("x");
        await Eventually.True(() => a.Accepted == 1);

        rig.SetBackends(b.EndPoint);
        for (var i = 0; i < 5; i++) await EchoAsync(rig, "y");
        Assert.Equal((1, 5), (a.Accepted, b.Accepted));
        old.Shutdown(SocketShutdown.Send);
        Assert.Equal("x", await old.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task Relay_SlowReader_StopsTheSourceAfterBoundedBytes()
    {
        long sent = 0;
        await using var backend = new TcpBackend(async socket =>
        {
            var block = new byte[64 * 1024];
            for (var i = 0; i < 4096; i++)
            {
                await socket.SendAllAsync(block);
                Interlocked.Add(ref sent, block.Length);
            }
        });
        await using var rig = Rig(null, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        client.ReceiveBufferSize = 16 * 1024;
        long before;
        do
        {
            before = Interlocked.Read(ref sent);
            await Task.Delay(500);
        }
        while (before == 0 || Interlocked.Read(ref sent) != before);

        // 256 MB wait to be sent: what is under way is the kernel's socket buffers (up to about 10 MB) and our two of 64 kB.
        Assert.InRange(before, 1, 64 * 1024 * 1024);
    }

    [Fact]
    public async Task Open_PortInUse_SaysSo()
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(null, backend.EndPoint);
        var taken = new Frontend(new ServicePortId("ns/other", ServiceProtocol.Tcp), 7, IPAddress.Loopback, backend.EndPoint.Port, TrafficScope.Internal);
        Assert.Equal(FrontendError.PortInUse, rig.Relay.Open(taken).Error);
    }

    [Fact]
    public async Task Close_ThenConnect_IsRefused()
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(null, backend.EndPoint);
        Assert.Equal("x", await EchoAsync(rig, "x"));
        rig.CloseFrontend();
        var refused = await Assert.ThrowsAsync<SocketException>(rig.ConnectAsync);
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Fact]
    public async Task Relay_AtItsLimit_ServesTheNextWhenOneEnds()
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(new TcpRelayOptions { MaxConnections = 2 }, backend.EndPoint);
        using var first = await rig.ConnectAsync();
        using var second = await rig.ConnectAsync();
        await Eventually.True(() => rig.ActiveConnections == 2);
        var third = EchoAsync(rig, "third");
        await Task.Delay(100);
        Assert.False(third.IsCompleted);
        Assert.Equal(2, rig.ActiveConnections);

        first.Dispose();
        Assert.Equal("third", await third.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Relay_AtALargeLimit_ServesTheNextWhenOneEnds()
    {
        const int Limit = 64;
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(new TcpRelayOptions { MaxConnections = Limit }, backend.EndPoint);
        var held = new List<Socket>();
        for (var i = 0; i < Limit; i++) held.Add(await rig.ConnectAsync());
        await Eventually.True(() => rig.ActiveConnections == Limit);
        var next = EchoAsync(rig, "next");

        held[0].Dispose();

        Assert.Equal("next", await next.WaitAsync(TimeSpan.FromSeconds(10)));
        foreach (var socket in held) socket.Dispose();
    }

    [Fact]
    public async Task Dispose_WithConnections_EndsThemAndReturns()
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        var rig = Rig(null, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        await Eventually.True(() => backend.Accepted == 1);
        await rig.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
    }

    [Fact]
    public async Task Relay_BothSilentForTheIdleTimeout_ResetsBoth()
    {
        var end = new TaskCompletionSource<SocketError>();
        await using var backend = new TcpBackend(async socket => end.SetResult(await socket.EndAsync()));
        await using var rig = Rig(new TcpRelayOptions { IdleTimeout = TimeSpan.FromMilliseconds(300) }, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
        Assert.Equal(SocketError.ConnectionReset, await end.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        await Eventually.True(() => rig.ActiveConnections == 0);
    }

    [Fact]
    public async Task Relay_OneSideSpeaksWithinTheIdleTimeout_GoesOn()
    {
        await using var backend = new TcpBackend(async socket => await socket.SendAllAsync(await socket.ReceiveTextToEndAsync()));
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { IdleTimeout = TimeSpan.FromSeconds(1) };
        await using var rig = new TcpRelayRig(path, null, IPAddress.Loopback, port, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        // Three times the time-out in all, never silent for as long as it.
        for (var i = 0; i < 30; i++)
        {
            await client.SendAllAsync("x");
            await Task.Delay(100);
        }

        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(new string('x', 30), await client.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task Relay_AtItsLimit_ResetsTheLongSilentForTheNext()
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = Rig(new TcpRelayOptions { MaxConnections = 2, ShedIdleAfter = TimeSpan.FromMilliseconds(100) }, backend.EndPoint);
        using var first = await rig.ConnectAsync();
        using var second = await rig.ConnectAsync();
        await Eventually.True(() => rig.ActiveConnections == 2);
        Assert.Equal("third", await EchoAsync(rig, "third").WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(SocketError.ConnectionReset, await first.EndAsync());
    }

    public enum Family
    {
        IPv4,
        IPv6,
    }

    [Theory]
    [InlineData(Family.IPv4, Family.IPv4)]
    [InlineData(Family.IPv4, Family.IPv6)]
    [InlineData(Family.IPv6, Family.IPv4)]
    [InlineData(Family.IPv6, Family.IPv6)]
    public async Task Relay_AnyFamilyToAnyFamily_PassesBytes(Family client, Family backend)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "needs IPv6");
        await using var target = new TcpBackend(TcpBackend.EchoAsync, Loopback(backend));
        await using var rig = new TcpRelayRig(path, null, Loopback(client), Make.Port("ns/web"), target.EndPoint);
        Assert.Equal("x", await EchoAsync(rig, "x"));
    }

    [Theory]
    [InlineData(Family.IPv4, true)]
    [InlineData(Family.IPv4, false)]
    [InlineData(Family.IPv6, true)]
    [InlineData(Family.IPv6, false)]
    public async Task Relay_ProxyProtocol_TellsTheBackendWhoItsClientIs(Family family, bool clientSpeaksFirst)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "needs IPv6");
        var headerSize = family == Family.IPv4 ? 28 : 52;
        var received = new TaskCompletionSource<byte[]>();
        await using var backend = new TcpBackend(async socket =>
        {
            var header = new byte[headerSize];
            for (var length = 0; length < headerSize;) length += await socket.ReceiveAsync(header.AsMemory(length));
            received.SetResult(header);
            await TcpBackend.EchoAsync(socket);
        });
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { ProxyProtocol = true };
        await using var rig = new TcpRelayRig(path, null, Loopback(family), port, backend.EndPoint);
        using var client = await rig.ConnectAsync();
        // A server that speaks first must have the header without a word of the client's.
        if (!clientSpeaksFirst) await received.Task.WaitAsync(TimeSpan.FromSeconds(10));
        var from = (IPEndPoint)client.LocalEndPoint!;
        await client.SendAllAsync("hello");
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("hello", await client.ReceiveTextToEndAsync());

        byte[] expected =
        [
            .. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, (byte)(family == Family.IPv4 ? 0x11 : 0x21), 0, (byte)(headerSize - 16),
            .. from.Address.GetAddressBytes(), .. rig.EndPoint.Address.GetAddressBytes(),
            (byte)(from.Port >> 8), (byte)from.Port, (byte)(rig.EndPoint.Port >> 8), (byte)rig.EndPoint.Port,
        ];
        Assert.Equal(expected, await received.Task);
    }

    private static IPAddress Loopback(Family family) => family == Family.IPv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback;

    private TcpRelayRig Rig(TcpRelayOptions? options, params IPEndPoint[] backends) => new(path, options, backends);

    private static async Task<string> EchoAsync(TcpRelayRig rig, string text)
    {
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync(text);
        client.Shutdown(SocketShutdown.Send);
        return await client.ReceiveTextToEndAsync();
    }
}
