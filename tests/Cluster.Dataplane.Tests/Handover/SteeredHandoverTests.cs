using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Handover;

/// <summary>One data plane takes over from another where a BPF program selects the sockets of virtual addresses: a loop may have several receivers.</summary>
public sealed class SteeredHandoverTests
{
    private const int Clients = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task TakeOver_ByFewerLoopsAndByMoreAgain_SessionsKeepTheirSourcePortsAndBackends()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new PortTellingBackend();
        await using var b = new PortTellingBackend();
        await HoldAsync(UdpMode.Session, [new("a", a.EndPoint), new("b", b.EndPoint)], async client =>
        {
            await client.SendAsync("who"u8.ToArray(), TestContext.Current.CancellationToken);
            return Encoding.ASCII.GetString(await UdpRelayRig.ReceiveAsync(client));
        });
    }

    [Fact]
    public async Task TakeOver_ByFewerLoopsAndByMoreAgain_OneWayFlowsKeepTheirBackends()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        var received = new ConcurrentDictionary<string, string>();
        await using var a = new UdpBackend("a") { Answers = 0, Received = datagram => received[datagram] = "a" };
        await using var b = new UdpBackend("b") { Answers = 0, Received = datagram => received[datagram] = "b" };
        await HoldAsync(UdpMode.OneWay, [new("a", a.EndPoint), new("b", b.EndPoint)], async client =>
        {
            var datagram = Guid.NewGuid().ToString();
            await client.SendAsync(Encoding.ASCII.GetBytes(datagram), TestContext.Current.CancellationToken);
            await Eventually.True(() => received.ContainsKey(datagram));
            return received[datagram];
        });
    }

    private static async Task HoldAsync(UdpMode mode, Backend[] backends, Func<Socket, Task<string>> ask)
    {
        using var place = new TempDirectory();
        await using var rig = new DataplaneRig(capture: Capture.Lookup);
        var port = new ServicePort(new ServicePortId("test/steered", ServiceProtocol.Udp), 53) { VirtualAddresses = [rig.Vip(10)], UdpMode = mode };
        await using var first = await StartAsync(2);
        var clients = Enumerable.Range(0, Clients).Select(_ => UdpRelayRig.Connect(new IPEndPoint(rig.Vip(10), port.Port))).ToList();
        var before = new List<string>();
        foreach (var client in clients) before.Add(await ask(client));

        // The first of them has both receivers in its only loop.
        await using var second = await StartAsync(1);
        await first.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await AssertKeptAsync(second);
        await using var third = await StartAsync(2);
        await second.Succession.HandedOver.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await AssertKeptAsync(third);
        foreach (var client in clients) client.Dispose();

        Task<Side> StartAsync(int threads)
        {
            var addresses = new LinuxVirtualAddresses(rig.Options, NullLogger.Instance);
            return Side.StartAsync(place.Path, threads, port, [.. backends.Select(backend => new Backend(backend.Uid, backend.Address))], addresses);
        }

        async Task AssertKeptAsync(Side side)
        {
            Assert.Equal(Clients, side.Dataplane.ActiveSessions);
            for (var i = 0; i < Clients; i++) Assert.Equal(before[i], await ask(clients[i]));
            Assert.Equal(Clients, side.Dataplane.ActiveSessions);
        }
    }
}
