using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests;

/// <summary>A process that is out of descriptors learns nothing of its backends: none is blamed for it.</summary>
[Collection(nameof(Alone))]
public sealed class ExhaustionTests
{
    /// <summary>More than the four relays of two loops each, and what they listen by, take.</summary>
    private const int MostLeft = 24;

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Relay_NoDescriptorForTheNextBackend_BlamesNobody(TcpPath path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits descriptors as Linux does");
        var fail = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var heard = 0;
        await using var failing = new TcpBackend(async socket =>
        {
            await socket.ReceiveAsync(new byte[64]);
            Interlocked.Increment(ref heard);
            await fail.Task;
            socket.ResetAndClose();
        });
        await using var alive = new TcpBackend(TcpBackend.EchoAsync);
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")], Replay = true };
        await using var rig = new TcpRelayRig(path, null, IPAddress.Loopback, port, failing.EndPoint, alive.EndPoint);
        using var client = await rig.ConnectAsync();
        await client.SendAllAsync("x");
        await Eventually.True(() => heard == 1);
        using (new NoDescriptors())
        {
            fail.SetResult();
            Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
        }

        var entry = rig.Directory.Current.Entries.Single();
        await Eventually.True(() => entry.State.Traffic.Drops(DropReason.Exhausted) == 1);
        Assert.Equal((1, 0), (entry.Backends[0].State.Failures, entry.Backends[1].State.Failures));
        Assert.Equal((0, 0), (entry.State.Traffic.Drops(DropReason.ConnectFailed), entry.State.Traffic.Drops(DropReason.NoBackend)));
    }

    [Theory]
    [InlineData(UdpPath.Managed, UdpMode.Session)]
    [InlineData(UdpPath.Managed, UdpMode.PerDatagram)]
    [InlineData(UdpPath.Loop, UdpMode.Session)]
    [InlineData(UdpPath.Loop, UdpMode.PerDatagram)]
    public async Task UdpRelay_NoDescriptorForAnotherClient_TakesThatOfTheOneSilentLongest(UdpPath path, UdpMode mode)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits descriptors as Linux does");
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path, new UdpSetup { Mode = mode }, a);
        var clients = Enumerable.Range(0, 5).Select(_ => rig.Connect()).ToArray();
        // One of each of the two loops' at the least.
        foreach (var client in clients) Assert.Equal("a:x", await UdpRelayRig.AskAsync(client, "x"));
        var late = Enumerable.Range(0, 10).Select(_ => rig.Connect()).ToArray();
        using (NoDescriptors.AllUsed())
        {
            foreach (var client in late.Concat(clients)) await AnsweredAsync(client, "y");
        }

        foreach (var client in clients) await AnsweredAsync(client, "z");
        Assert.Equal(0, rig.Directory.Current.Entries.Single().Backends[0].State.Failures);
        foreach (var client in clients.Concat(late)) client.Dispose();

        // The runtime closes the socket that makes room in its own time: a datagram may be lost meanwhile, as datagrams may.
        static Task AnsweredAsync(Socket client, string text) => Eventually.True(async () =>
        {
            using var patience = new CancellationTokenSource(200);
            try
            {
                await client.SendAsync(Encoding.ASCII.GetBytes(text));
                var buffer = new byte[16];
                return Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer, patience.Token)) == "a:" + text;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }, "an answer");
    }

    [Fact]
    public async Task Dataplane_DescriptorsForAPartOfWhatAServiceNeeds_SaysSoAndServesItOnceThereAreMore()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits descriptors as Linux does");
        await using var tcp = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var udp = new UdpBackend("a");
        // What is loaded and opened by the first use of it all is not of interest.
        await HoldAsync(MostLeft * 10);
        await HoldAsync(0);
        var before = NoDescriptors.Count;
        for (var left = 1; left < MostLeft; left++) await HoldAsync(left);
        // Each try closes what it has opened: what it left would be missing for ever.
        await Eventually.True(() => NoDescriptors.Count <= before + 3, "descriptors to be closed");

        async Task HoldAsync(int left)
        {
            var reports = new ConcurrentQueue<(Frontend Frontend, FrontendResult Result)>();
            var options = new DataplaneOptions { Threads = 2, RetryPeriod = TimeSpan.FromMilliseconds(20) };
            await using var dataplane = new NodeDataplane(options, new HostAddressesOnly(), NullLoggerFactory.Instance, TimeProvider.System);
            dataplane.FrontendReported += (frontend, result) => reports.Enqueue((frontend, result));
            await dataplane.StartAsync([], TestContext.Current.CancellationToken);
            List<ServicePort> ports =
            [
                .. from protocol in Enum.GetValues<ServiceProtocol>()
                   from path in new[] { ServicePath.Loop, ServicePath.Managed }
                   select new ServicePort(new ServicePortId($"{protocol}{path}", protocol), protocol == ServiceProtocol.Tcp ? FreePort.Tcp() : FreePort.Udp())
                   {
                       ExternalAddresses = [IPAddress.Loopback], Path = path,
                   },
            ];
            foreach (var port in ports) dataplane.Directory.Set(port, [new Backend("a", port.Id.Protocol == ServiceProtocol.Tcp ? tcp.EndPoint : udp.EndPoint)]);
            using (new NoDescriptors(left))
            {
                await dataplane.Publish();
                var refused = reports.Where(report => !report.Result.IsOpen).ToList();
                Assert.All(refused, report => Assert.Equal(FrontendError.OutOfDescriptors, report.Result.Error));
                Assert.All(refused, report => Assert.Matches("Too many open files|No thread can be started", report.Result.Message));
                if (left == 0) Assert.Equal(ports.Count, refused.Count);
                // Some retries.
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }

            await Eventually.True(() => reports.GroupBy(report => report.Frontend).All(ofOne => ofOne.Last().Result.IsOpen), "what could not be opened to be");
            foreach (var port in ports)
            {
                var place = new IPEndPoint(IPAddress.Loopback, port.Port);
                if (port.Id.Protocol == ServiceProtocol.Tcp) Assert.Equal("a", await DataplaneRig.AskTcpAsync(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), place));
                else Assert.Equal("a:x", await DataplaneRig.AskUdpAsync(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp), place));
            }
        }
    }

    [Fact]
    public async Task PenaltyBox_NoDescriptorForAProbe_StaysNoLonger()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits descriptors as Linux does");
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        var clock = new FakeTimeProvider();
        var time = new CountingTime(clock);
        var options = new PenaltyBoxOptions();
        var directory = new ServiceDirectory(BalancingPolicies.BuiltIn(time), options, time);
        var entry = directory.Publish(Make.Port("ns/web"), new Backend("a", backend.EndPoint));
        directory.Box.Failed(entry, entry.Backends[0], options.Strikes);
        using (new NoDescriptors())
        {
            clock.Advance(options.FirstPause);
            // The first pause, the probe's patience, and the pause that follows.
            await Eventually.True(() => time.Timers.Count == 3);
        }

        clock.Advance(options.FirstPause);
        await Eventually.True(() => !entry.Backends[0].State.IsBoxed, "the backend to be let out after a pause as long as the first");
        directory.Box.Dispose();
    }

    [Fact]
    public async Task HealthChecker_NoDescriptorForAProbe_LeavesTheBackendAsItIs()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits descriptors as Linux does");
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        var time = new CountingTime(TimeProvider.System);
        var check = new HealthCheck { Interval = TimeSpan.FromMilliseconds(10), Timeout = TimeSpan.FromSeconds(3) };
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { HealthCheck = check };
        var directory = new ServiceDirectory();
        await using var checker = new HealthChecker(directory, time);
        directory.Set(port, [new Backend("a", backend.EndPoint)]);
        foreach (var change in directory.Publish()) checker.Follow(change);
        await Eventually.True(() => backend.Accepted > 0);
        using (new NoDescriptors())
        {
            var begun = Probes();
            await Eventually.True(() => Probes() > begun + check.Fall + 1);
        }

        Assert.False(directory.Find(port.Id)!.Backends[0].State.IsDown);

        int Probes() => time.Timers.Count(due => due == check.Timeout);
    }
}
