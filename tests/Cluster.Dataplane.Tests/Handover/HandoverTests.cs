using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Handover;

/// <summary>The talk between the process that serves and the one that takes over, over the real socket.</summary>
public sealed class HandoverTests
{
    private const string WhyNot = "sockets are passed on Linux alone";

    [Fact]
    public async Task TakeOver_ConnectionsThatWait_AreAcceptedByTheNewProcess()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var rig = new HandoverRig();
        var listener = rig.Listen();
        using var waiting = new TcpClient();
        await waiting.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, TestContext.Current.CancellationToken);

        using var sockets = new HandoverSockets();
        using var client = rig.Connect();
        client.ReceiveListeners(sockets);
        client.TakeState(sockets);
        client.Take();
        client.WaitForEnd();
        await rig.Server.HandedOver;
        var endPoint = (IPEndPoint)listener.LocalEndPoint!;
        rig.Sockets.Remove((int)listener.Handle);
        listener.Dispose();

        var taken = Assert.Single(sockets.InheritSockets(ListenerKind.Frontend, ServiceProtocol.Tcp, endPoint));
        using (taken)
        {
            using var accepted = await taken.AcceptAsync(TestContext.Current.CancellationToken);
            await accepted.SendAsync("here"u8.ToArray(), TestContext.Current.CancellationToken);
            var received = new byte[4];
            await waiting.GetStream().ReadExactlyAsync(received, TestContext.Current.CancellationToken);
            Assert.Equal("here", Encoding.ASCII.GetString(received));
        }

        Assert.Equal(["suspend", "let go"], rig.Asked);
        Assert.Empty(sockets.Inherit(ListenerKind.Frontend, ServiceProtocol.Tcp, endPoint));
    }

    [Fact]
    public void TakeOver_MoreSocketsThanAMessageTakes_AllArrive()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var rig = new HandoverRig();
        var before = Enumerable.Range(0, 2 * DescriptorSocket.MaxDescriptors).Select(_ => (IPEndPoint)rig.Listen().LocalEndPoint!).ToList();
        using var sockets = new HandoverSockets();
        using var client = rig.Connect();
        client.ReceiveListeners(sockets);
        // Opened while the other one prepared.
        var late = (IPEndPoint)rig.Listen().LocalEndPoint!;
        client.TakeState(sockets);
        client.Take();
        foreach (var endPoint in before.Append(late)) SocketCalls.Close(Assert.Single(sockets.Inherit(ListenerKind.Frontend, ServiceProtocol.Tcp, endPoint)));
    }

    [Fact]
    public void TakeOver_FlowsAndAffinities_ArriveWithAllTheyHave()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var rig = new HandoverRig();
        using var backend = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        using var session = new UdpClient();
        session.Connect((IPEndPoint)backend.Client.LocalEndPoint!);
        var to = new HandedBackend("pod-1", new IPEndPoint(IPAddress.Parse("10.1.2.3"), 8080));
        var flow = new HandedFlow(
            77, new Place(IPAddress.Parse("10.96.0.7"), 53, ServiceProtocol.Udp), ClientAddress.From(IPAddress.Parse("10.244.0.9")), 40_000, 0,
            new PacketSource(ClientAddress.From(IPAddress.Parse("10.0.0.1")), 3), UdpMode.Session, false, to, 1234, (int)session.Client.Handle);
        var oneWay = flow with { Frontend = new Place(IPAddress.Parse("fd00::7"), 514, ServiceProtocol.Udp), Mode = UdpMode.OneWay, Descriptor = -1, Client = ClientAddress.From(IPAddress.Parse("fe80::1")), Scope = 2 };
        HandedFlow[] flows = [oneWay, .. Enumerable.Range(0, 600).Select(number => flow with { Port = (ushort)number })];
        var affinity = new HandedAffinity(new ServicePortId("shop/web", ServiceProtocol.Tcp), ClientAddress.From(IPAddress.Parse("10.0.0.9")), to, 99);
        rig.State = new HandedState(flows, [.. Enumerable.Range(0, 1000).Select(number => affinity with { IdleMs = number })], [new HandedPenalty(affinity.Service, to, true, 0), new HandedPenalty(affinity.Service, to, false, 500)]);

        using var sockets = new HandoverSockets();
        using var client = rig.Connect();
        client.ReceiveListeners(sockets);
        var state = client.TakeState(sockets);
        client.Take();
        Assert.Equal(flows.Select(one => one with { Descriptor = 0 }), state.Flows.Select(one => one with { Descriptor = 0 }));
        Assert.Equal(-1, state.Flows[0].Descriptor);
        Assert.All(state.Flows.Skip(1), one => Assert.Equal(SocketCalls.Cookie((int)session.Client.Handle), SocketCalls.Cookie(one.Descriptor)));
        Assert.Equal(rig.State.Affinities, state.Affinities);
        Assert.Equal(rig.State.Penalties, state.Penalties);
        foreach (var one in state.Flows.Skip(1)) SocketCalls.Close(one.Descriptor);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task TakeOver_NewProcessDies_OldOneServesOnAndTheNextTrySucceeds(int step)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var rig = new HandoverRig();
        rig.Listen();
        using (var dying = rig.Connect())
        {
            using var lost = new HandoverSockets();
            if (step > 0) dying.ReceiveListeners(lost);
            if (step > 1) dying.TakeState(lost);
        }

        await Eventually.True(() => rig.Log.All.Any(line => line.Contains("this one serves on", StringComparison.Ordinal)));
        Assert.Equal(step > 1 ? ["suspend", "resume"] : [], rig.Asked);
        Assert.False(rig.Server.HandedOver.IsCompleted);

        using var sockets = new HandoverSockets();
        using var client = rig.Connect();
        client.ReceiveListeners(sockets);
        client.TakeState(sockets);
        client.Take();
        await rig.Server.HandedOver.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal("let go", rig.Asked[^1]);
    }

    [Theory]
    [InlineData(nameof(HandoverMessage.Hello))]
    [InlineData(nameof(HandoverMessage.Ready))]
    [InlineData(nameof(HandoverMessage.StateEnd))]
    [InlineData(nameof(HandoverMessage.Taken))]
    public async Task TakeOver_OldProcessDies_NewOneServesWithItsSockets(string at)
    {
        var last = Enum.Parse<HandoverMessage>(at);
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var place = new TempDirectory();
        using var folder = FolderHandle.Open(place.Path);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var prepared = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var dying = DieAsync(DescriptorSocket.Listen(folder, HandoverProtocol.SocketName), listener, last, prepared.Task);

        using var succession = new Succession(place.Path, NullLogger.Instance);
        succession.Begin();
        await using var dataplane = new NodeDataplane(
            new DataplaneOptions { Sockets = succession.Sockets, Threads = 1 }, new HostAddressesOnly(), NullLoggerFactory.Instance, TimeProvider.System);
        await dataplane.StartAsync([], TestContext.Current.CancellationToken);
        prepared.SetResult();
        if (last == HandoverMessage.Hello) await dying;
        await succession.TakeOverAsync(dataplane);
        await dying;
        Assert.True(succession.Serving.IsCompletedSuccessfully);
        SocketCalls.Close(Assert.Single(succession.Sockets.Inherit(ListenerKind.Frontend, ServiceProtocol.Tcp, (IPEndPoint)listener.LocalEndPoint!)));
    }

    [Fact]
    public async Task TakeOver_OldProcessEndsTheTalkButLives_NewOneEnds()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var place = new TempDirectory();
        using var folder = FolderHandle.Open(place.Path);
        using var running = DescriptorSocket.Listen(folder, HandoverProtocol.SocketName);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var talking = TalkUntilAsync(running, listener, HandoverMessage.Ready, Task.CompletedTask);
        using var succession = new Succession(place.Path, NullLogger.Instance);
        succession.Begin();
        await using var dataplane = new NodeDataplane(
            new DataplaneOptions { Sockets = succession.Sockets, Threads = 1 }, new HostAddressesOnly(), NullLoggerFactory.Instance, TimeProvider.System);
        await dataplane.StartAsync([], TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<HandoverException>(() => succession.TakeOverAsync(dataplane));
        await talking;
        Assert.False(succession.Serving.IsCompleted);
    }

    private static async Task DieAsync(DescriptorSocket running, Socket listener, HandoverMessage last, Task prepared)
    {
        using (running) await TalkUntilAsync(running, listener, last, prepared);
    }

    // The other side of a hand-over up to a message that it receives or sends; then its end of the talk is closed.
    private static Task TalkUntilAsync(DescriptorSocket running, Socket listener, HandoverMessage last, Task prepared) => Task.Run(async () =>
    {
        using var peer = running.Accept()!;
        peer.SetTimeout(TimeSpan.FromSeconds(20));
        var talk = new HandoverTalk(peer);
        talk.Expect(HandoverMessage.Hello);
        talk.Out.Begin(HandoverMessage.Welcome).Number(HandoverProtocol.Version).Number(1);
        talk.Send();
        var message = talk.Out.Begin(HandoverMessage.Listeners).Byte((byte)ListenerKind.Frontend).Descriptor((int)listener.Handle);
        var checksum = HandoverProtocol.Checksum(0, message.Bytes);
        talk.Send();
        talk.Out.Begin(HandoverMessage.ListenersEnd).Number(1).Number(checksum);
        talk.Send();
        await prepared;
        if (last == HandoverMessage.Hello) return;
        talk.Expect(HandoverMessage.Ready);
        if (last == HandoverMessage.Ready) return;
        talk.Out.Begin(HandoverMessage.ListenersEnd).Number(0).Number(0);
        talk.Send();
        checksum = 0;
        foreach (var kind in (HandoverMessage[])[HandoverMessage.Flows, HandoverMessage.Affinities, HandoverMessage.Penalties])
        {
            checksum = HandoverProtocol.Checksum(checksum, talk.Out.Begin(kind).Bytes);
            talk.Send();
        }

        talk.Out.Begin(HandoverMessage.StateEnd).Number(0).Number(0).Number(0).Number(checksum);
        talk.Send();
        if (last == HandoverMessage.Taken) talk.Expect(HandoverMessage.Taken);
    });

    [Fact]
    public async Task Connect_OtherUsersProcess_IsRefusedBothWays()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var rig = new HandoverRig(ProcessUser.Effective + 1);
        var refused = Assert.Throws<HandoverException>(rig.Connect);
        Assert.Contains("may not take over", refused.Message, StringComparison.Ordinal);
        await Eventually.True(() => rig.Log.All.Any(line => line.Contains($"a process of user {ProcessUser.Effective} may not take over from one of user {ProcessUser.Effective + 1}", StringComparison.Ordinal)));
        Assert.Contains("is user", Assert.Throws<HandoverException>(() => HandoverClient.TryConnect(rig.Folder, ProcessUser.Effective + 1)).Message, StringComparison.Ordinal);
        Assert.Empty(rig.Asked);
    }

    [Fact]
    public async Task Begin_ProcessThatRefuses_EndsWithTheReasonAndLeavesItsPlace()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var place = new TempDirectory();
        using var folder = FolderHandle.Open(place.Path);
        using var running = DescriptorSocket.Listen(folder, HandoverProtocol.SocketName);
        var refusing = Task.Run(() =>
        {
            using var peer = running.Accept()!;
            var talk = new HandoverTalk(peer);
            talk.Expect(HandoverMessage.Hello);
            talk.TryRefuse("another version: stop the one first");
        }, TestContext.Current.CancellationToken);

        using (var succession = new Succession(place.Path, NullLogger.Instance))
        {
            var refused = Assert.Throws<HandoverException>(succession.Begin);
            Assert.Contains("another version: stop the one first", refused.Message, StringComparison.Ordinal);
            Assert.False(succession.Serving.IsCompleted);
        }

        await refusing;
        Assert.True(File.Exists(Path.Combine(place.Path, HandoverProtocol.SocketName)));
    }

    [Fact]
    public async Task Connect_OtherVersion_IsRefusedWithBothNamed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var rig = new HandoverRig();
        using (var socket = DescriptorSocket.Connect(rig.Folder, HandoverProtocol.SocketName)!)
        {
            var talk = new HandoverTalk(socket);
            talk.Out.Begin(HandoverMessage.Hello).Number(HandoverProtocol.Magic).Number(HandoverProtocol.Version + 1).Number(1);
            talk.Send();
            var refused = Assert.Throws<HandoverException>(() => talk.Receive());
            Assert.Contains($"version {HandoverProtocol.Version} of the handover protocol, the new one version {HandoverProtocol.Version + 1}", refused.Message, StringComparison.Ordinal);
        }

        await Eventually.True(() => rig.Log.All.Any(line => line.Contains($"the new one version {HandoverProtocol.Version + 1}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Server_WhateverIsSent_StaysUp()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var rig = new HandoverRig();
        rig.Listen();
        var random = new Random(1);
        // A pipe says when nobody has it any more: its end is read once every descriptor of its other side is closed.
        using var stray = new AnonymousPipeServerStream(PipeDirection.In);
        for (var round = 0; round < 300; round++)
        {
            using var socket = DescriptorSocket.Connect(rig.Folder, HandoverProtocol.SocketName)!;
            var talk = new HandoverTalk(socket);
            if (round % 3 > 0)
            {
                talk.Out.Begin(HandoverMessage.Hello).Number(HandoverProtocol.Magic).Number(HandoverProtocol.Version).Number(1);
                if (round % 7 == 0) talk.Out.Descriptor((int)stray.ClientSafePipeHandle.DangerousGetHandle());
                talk.Send();
            }

            var noise = new byte[random.Next(1, 200)];
            random.NextBytes(noise);
            // Often a message that is expected somewhere, with a content that is not.
            if (round % 2 == 0) noise[0] = (byte)random.Next(1, 12);
            // A descriptor that nobody asked for must not stay open there.
            socket.Send(noise, round % 5 == 0 ? [(int)stray.ClientSafePipeHandle.DangerousGetHandle()] : []);
        }

        using var sockets = new HandoverSockets();
        using var client = rig.Connect();
        client.ReceiveListeners(sockets);
        client.TakeState(sockets);
        client.Take();
        await rig.Server.HandedOver.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        stray.DisposeLocalCopyOfClientHandle();
        Assert.Equal(0, await stray.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Reader_MutatedState_IsRefusedOrReadButNeverReadBeyond()
    {
        var to = new HandedBackend("pod-1", new IPEndPoint(IPAddress.Parse("10.1.2.3"), 8080));
        var flow = new HandedFlow(
            77, new Place(IPAddress.Parse("10.96.0.7"), 53, ServiceProtocol.Udp), ClientAddress.From(IPAddress.Loopback), 40_000, 0, default, UdpMode.OneWay, false, to, 1, -1);
        var writer = new HandoverWriter().Begin(HandoverMessage.Flows);
        HandedStateCodec.Write(writer, flow);
        HandedStateCodec.Write(writer, new HandedAffinity(new ServicePortId("web", ServiceProtocol.Tcp), flow.Client, to, 5));
        HandedStateCodec.Write(writer, new HandedPenalty(new ServicePortId("web", ServiceProtocol.Tcp), to, true, 5));
        var good = writer.Bytes[1..].ToArray();
        var random = new Random(2);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = good[..random.Next(good.Length + 1)];
            for (var i = random.Next(4); i > 0 && bytes.Length > 0; i--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                var reader = new HandoverReader(bytes);
                var next = 0;
                HandedStateCodec.ReadFlow(ref reader, [], ref next);
                HandedStateCodec.ReadAffinity(ref reader);
                HandedStateCodec.ReadPenalty(ref reader);
            }
            catch (HandoverException)
            {
                // What it is for.
            }
        }
    }

    [Fact]
    public async Task Client_SocketsThatDoNotAddUp_AreRefused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var place = new TempDirectory();
        using var folder = FolderHandle.Open(place.Path);
        using var listener = DescriptorSocket.Listen(folder, HandoverProtocol.SocketName);
        var serving = Task.Run(() =>
        {
            using var peer = listener.Accept()!;
            var talk = new HandoverTalk(peer);
            talk.Expect(HandoverMessage.Hello);
            talk.Out.Begin(HandoverMessage.Welcome).Number(HandoverProtocol.Version).Number(1);
            talk.Send();
            talk.Out.Begin(HandoverMessage.ListenersEnd).Number(1).Number(0);
            talk.Send();
        });
        using var client = HandoverClient.TryConnect(folder, ProcessUser.Effective)!;
        using var sockets = new HandoverSockets();
        Assert.Contains("did not arrive", Assert.Throws<HandoverException>(() => client.ReceiveListeners(sockets)).Message, StringComparison.Ordinal);
        await serving;
    }

    [Fact]
    public void Begin_FolderThatOthersMayEnter_IsNotUsed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), WhyNot);
        using var place = new TempDirectory();
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(place.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        var log = new Lines();
        using var succession = new Succession(place.Path, log);
        succession.Begin();
        Assert.True(succession.Serving.IsCompleted);
        Assert.Contains(log.All, line => line.Contains("is not this user's alone", StringComparison.Ordinal));
    }

    [Fact]
    public void Begin_NobodyServes_ServesAtOnce()
    {
        using var place = new TempDirectory();
        using var succession = new Succession(OperatingSystem.IsLinux() ? place.File("own") : null, NullLogger.Instance);
        succession.Begin();
        Assert.True(succession.Serving.IsCompleted);
        Assert.False(succession.Sockets.IsTakingOver);
    }
}
