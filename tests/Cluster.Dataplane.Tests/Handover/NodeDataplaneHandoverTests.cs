using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Handover;

/// <summary>One data plane takes over from another, both here: what clients have goes on.</summary>
public sealed class NodeDataplaneHandoverTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(ServicePath.Loop, 2, ServicePath.Loop, 2)]
    [InlineData(ServicePath.Loop, 2, ServicePath.Loop, 1)]
    [InlineData(ServicePath.Loop, 1, ServicePath.Loop, 3)]
    [InlineData(ServicePath.Managed, 1, ServicePath.Managed, 1)]
    [InlineData(ServicePath.Managed, 1, ServicePath.Loop, 2)]
    [InlineData(ServicePath.Loop, 2, ServicePath.Managed, 1)]
    public async Task TakeOver_UdpSessions_KeepTheirSourcePortsAndBackends(ServicePath path, int threadsBefore, ServicePath pathAfter, int threadsAfter)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var place = new TempDirectory();
        await using var a = new PortTellingBackend();
        await using var b = new PortTellingBackend();
        var port = Port(ServiceProtocol.Udp, path);
        Backend[] Backends() => [new("a", a.EndPoint), new("b", b.EndPoint)];
        await using var first = await Side.StartAsync(place.Path, threadsBefore, port, Backends());
        var clients = Enumerable.Range(0, 40).Select(_ => Client(port)).ToList();
        var before = new List<string>();
        foreach (var client in clients) before.Add(await AskAsync(client));

        await using var second = await Side.StartAsync(place.Path, threadsAfter, Port(ServiceProtocol.Udp, pathAfter, port.Port), Backends());
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(0, first.Dataplane.ActiveSessions);
        Assert.Equal(40, second.Dataplane.ActiveSessions);
        for (var round = 0; round < 3; round++)
            for (var i = 0; i < clients.Count; i++) Assert.Equal(before[i], await AskAsync(clients[i]));
        // And the next ones are spread as ever.
        clients.AddRange(Enumerable.Range(0, 10).Select(_ => Client(port)));
        foreach (var client in clients.Skip(40)) await AskAsync(client);
        Assert.Equal(50, second.Dataplane.ActiveSessions);
        foreach (var client in clients) client.Dispose();
    }

    [Theory]
    [InlineData(ServicePath.Loop)]
    [InlineData(ServicePath.Managed)]
    public async Task TakeOver_SessionOfAWildcard_KeepsItsSourcePort(ServicePath path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var place = new TempDirectory();
        await using var a = new PortTellingBackend();
        var port = Port(ServiceProtocol.Udp, path, address: IPAddress.Any);
        await using var first = await Side.StartAsync(place.Path, 1, port, [new("a", a.EndPoint)]);
        // The managed path answers by whichever address of the node the route names.
        using var client = Client(port, path == ServicePath.Loop ? IPAddress.Parse("127.0.0.9") : IPAddress.Loopback);
        var before = await AskAsync(client);
        await using var second = await Side.StartAsync(place.Path, 1, port, [new("a", a.EndPoint)]);
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(before, await AskAsync(client));
        Assert.Equal(1, second.Dataplane.ActiveSessions);
    }

    [Theory]
    [InlineData(ServicePath.Loop)]
    [InlineData(ServicePath.Managed)]
    public async Task Resume_AfterItHasRested_WhatWaitedIsAnsweredInItsSession(ServicePath path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        await using var a = new PortTellingBackend();
        var port = Port(ServiceProtocol.Udp, path);
        using var place = new TempDirectory();
        await using var side = await Side.StartAsync(place.Path, 1, port, [new("a", a.EndPoint)]);
        using var client = Client(port);
        var before = await AskAsync(client);
        IHandoverSource source = side.Dataplane;
        Assert.Single((await source.SuspendAsync()).Flows);
        var asking = AskAsync(client);
        using var other = Client(port);
        var newcomer = AskAsync(other);
        // What is received meanwhile would be another process's to answer.
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.False(asking.IsCompleted);
        Assert.False(newcomer.IsCompleted);
        await source.ResumeAsync();
        Assert.Equal(before, await asking);
        await newcomer;
    }

    [Theory]
    [InlineData(ServicePath.Loop, ServicePath.Loop)]
    [InlineData(ServicePath.Managed, ServicePath.Managed)]
    [InlineData(ServicePath.Managed, ServicePath.Loop)]
    [InlineData(ServicePath.Loop, ServicePath.Managed)]
    public async Task TakeOver_QuestionUnderWay_IsAnsweredToWhoAsked(ServicePath path, ServicePath pathAfter)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var place = new TempDirectory();
        using var a = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var port = Port(ServiceProtocol.Udp, path, mode: UdpMode.PerDatagram);
        Backend[] Backends() => [new("a", (IPEndPoint)a.Client.LocalEndPoint!)];
        await using var first = await Side.StartAsync(place.Path, 1, port, Backends());
        using var client = Client(port);
        await client.SendAsync("who"u8.ToArray(), TestContext.Current.CancellationToken);
        var asked = await a.ReceiveAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
        await using var second = await Side.StartAsync(place.Path, 1, Port(ServiceProtocol.Udp, pathAfter, port.Port, mode: UdpMode.PerDatagram), Backends());
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await a.SendAsync("late"u8.ToArray(), asked.RemoteEndPoint, TestContext.Current.CancellationToken);
        var answer = await client.ReceiveAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
        Assert.Equal("late", Encoding.ASCII.GetString(answer.Buffer));
    }

    [Fact]
    public async Task TakeOver_BackendGoneMeanwhile_ItsSessionsAreNotGoneOnWith()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var place = new TempDirectory();
        await using var a = new PortTellingBackend();
        await using var b = new PortTellingBackend();
        var port = Port(ServiceProtocol.Udp, ServicePath.Loop);
        await using var first = await Side.StartAsync(place.Path, 1, port, [new("a", a.EndPoint)]);
        using var client = Client(port);
        await AskAsync(client);
        // Another pod at the same address is another backend.
        await using var second = await Side.StartAsync(place.Path, 1, port, [new("a2", a.EndPoint)]);
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(0, second.Dataplane.ActiveSessions);
        await AskAsync(client);
    }

    [Theory]
    [InlineData(ServicePath.Loop, ServicePath.Loop)]
    [InlineData(ServicePath.Managed, ServicePath.Managed)]
    [InlineData(ServicePath.Loop, ServicePath.Managed)]
    [InlineData(ServicePath.Managed, ServicePath.Loop)]
    public async Task TakeOver_TcpUnderLoad_NoConnectionFailsAndEstablishedOnesStayWithTheOldOne(ServicePath before, ServicePath after)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var place = new TempDirectory();
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start();
        using var stop = new CancellationTokenSource();
        var echoing = EchoAsync(backend, stop.Token);
        var port = Port(ServiceProtocol.Tcp, before);
        Backend[] Backends() => [new("a", (IPEndPoint)backend.LocalEndpoint)];
        await using var first = await Side.StartAsync(place.Path, 2, port, Backends());
        using var lasting = new TcpClient();
        await lasting.ConnectAsync(port.ExternalAddresses[0], port.Port, TestContext.Current.CancellationToken);
        await EchoOnceAsync(lasting, "before");
        using var done = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(_ => ConnectOverAndOverAsync(port, done.Token)).ToList();

        await using var second = await Side.StartAsync(place.Path, 2, Port(ServiceProtocol.Tcp, after, port.Port), Backends());
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await Task.Delay(200, TestContext.Current.CancellationToken);
        await done.CancelAsync();
        Assert.All(await Task.WhenAll(load), count => Assert.True(count > 0));
        await EchoOnceAsync(lasting, "after");
        await Eventually.True(() => first.Dataplane.ActiveConnections == 1);
        var draining = first.Dataplane.DrainAsync(Patience, TestContext.Current.CancellationToken);
        Assert.False(draining.IsCompleted);
        lasting.Dispose();
        await draining;
        Assert.Equal(0, first.Dataplane.ActiveConnections);
        using var fresh = new TcpClient();
        await fresh.ConnectAsync(port.ExternalAddresses[0], port.Port, TestContext.Current.CancellationToken);
        await EchoOnceAsync(fresh, "new");
        await stop.CancelAsync();
        await echoing;
    }

    [Fact]
    public async Task TakeOver_BackendInThePenaltyBox_IsMetByNoClientOfTheNewProcess()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var place = new TempDirectory();
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start();
        using var stop = new CancellationTokenSource();
        var echoing = EchoAsync(backend, stop.Token);
        var port = Port(ServiceProtocol.Tcp, ServicePath.Loop);
        var dead = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        Backend[] Backends() => [new("a", (IPEndPoint)backend.LocalEndpoint), new("dead", dead)];
        static int Usable(Side side) => side.Dataplane.Directory.Current.Entries.Single().Usable(TrafficScope.External).Length;
        await using var first = await Side.StartAsync(place.Path, 1, port, Backends());
        using var done = new CancellationTokenSource();
        var load = Enumerable.Range(0, 3).Select(_ => ConnectOverAndOverAsync(port, done.Token)).ToList();
        await Eventually.True(() => Usable(first) == 1, "the dead backend to be left out");

        await using var second = await Side.StartAsync(place.Path, 1, port, Backends());
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(1, Usable(second));
        await done.CancelAsync();
        Assert.All(await Task.WhenAll(load), count => Assert.True(count > 0));
        Assert.Equal(0, second.Dataplane.Directory.Current.Entries.Single().Backends[1].State.Given);
        // There it stays until it takes a connection again.
        using var revived = new TcpListener(dead);
        revived.Start();
        await Eventually.True(() => Usable(second) == 2, "the next process to let it out");
        await stop.CancelAsync();
        await echoing;
    }

    [Fact]
    public async Task TakeOver_BackendDownByItsHealthCheck_IsMetByNoClientOfTheNewProcess()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var place = new TempDirectory();
        using var up = new TcpListener(IPAddress.Loopback, 0);
        up.Start();
        var port = new ServicePort(new ServicePortId("checked", ServiceProtocol.Tcp), FreePort.Tcp())
        {
            // The second process's own checks would take an hour to find out.
            ExternalAddresses = [IPAddress.Loopback], HealthCheck = new HealthCheck { Interval = TimeSpan.FromHours(1), Fall = 1 },
        };
        Backend[] backends = [new("up", (IPEndPoint)up.LocalEndpoint), new("down", new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()))];
        await using var first = await Side.StartAsync(place.Path, 1, port, backends);
        var entry = first.Dataplane.Directory.Current.Entries.Single();
        entry.Backends[1].State.TrySetDown(true);
        first.Dataplane.Directory.RefreshAvailability(entry);
        await using var second = await Side.StartAsync(place.Path, 1, port, [new("up", backends[0].Address), new("down", backends[1].Address)]);
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal("up", Assert.Single(second.Dataplane.Directory.Current.Entries.Single().Usable(TrafficScope.External).ToArray()).Uid);
    }

    [Fact]
    public async Task TakeOver_ClientIpAffinity_IsKept()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var place = new TempDirectory();
        await using var a = new PortTellingBackend();
        await using var b = new PortTellingBackend();
        var port = new ServicePort(new ServicePortId("sticky", ServiceProtocol.Udp), FreePort.Udp()) { ExternalAddresses = [IPAddress.Loopback], AffinityTimeout = TimeSpan.FromHours(3) };
        await using var first = await Side.StartAsync(place.Path, 1, port, [new("a", a.EndPoint), new("b", b.EndPoint)]);
        async Task<string> BackendOfNewClientAsync()
        {
            using var client = Client(port);
            return (await AskAsync(client)).Split(' ')[0];
        }

        var before = await BackendOfNewClientAsync();
        // In another order: a process that knew nothing would begin with the other backend.
        await using var second = await Side.StartAsync(place.Path, 1, port, [new("b", b.EndPoint), new("a", a.EndPoint)]);
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        for (var i = 0; i < 4; i++) Assert.Equal(before, await BackendOfNewClientAsync());
    }

    private static ServicePort Port(ServiceProtocol protocol, ServicePath path, int? port = null, IPAddress? address = null, UdpMode mode = UdpMode.Session) =>
        new(new ServicePortId("web", protocol), port ?? (protocol == ServiceProtocol.Tcp ? FreePort.Tcp() : FreePort.Udp()))
        {
            ExternalAddresses = [address ?? IPAddress.Loopback], Path = path, UdpMode = mode,
        };

    private static UdpClient Client(ServicePort port, IPAddress? address = null)
    {
        var client = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        client.Connect(address ?? port.ExternalAddresses[0], port.Port);
        return client;
    }

    private static async Task<string> AskAsync(UdpClient client)
    {
        await client.SendAsync("who"u8.ToArray(), TestContext.Current.CancellationToken);
        return Encoding.ASCII.GetString((await client.ReceiveAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience)).Buffer);
    }

    private static async Task EchoAsync(TcpListener listener, CancellationToken stop)
    {
        try
        {
            while (true) _ = EchoAsync(await listener.AcceptTcpClientAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // The way to stop it.
        }
    }

    private static async Task EchoAsync(TcpClient client)
    {
        using var owned = client;
        try
        {
            await client.GetStream().CopyToAsync(client.GetStream());
        }
        catch (IOException)
        {
            // The client is gone.
        }
    }

    private static async Task EchoOnceAsync(TcpClient client, string text)
    {
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
        var answer = new byte[text.Length];
        await client.GetStream().ReadExactlyAsync(answer, TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
        Assert.Equal(text, Encoding.ASCII.GetString(answer));
    }

    // Any failure fails the test: a connection refused, reset or cut short.
    private static async Task<int> ConnectOverAndOverAsync(ServicePort port, CancellationToken done)
    {
        var count = 0;
        while (!done.IsCancellationRequested)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(port.ExternalAddresses[0], port.Port, CancellationToken.None);
            await EchoOnceAsync(client, $"number {count++}");
            await Task.Delay(1, CancellationToken.None);
        }

        return count;
    }
}
