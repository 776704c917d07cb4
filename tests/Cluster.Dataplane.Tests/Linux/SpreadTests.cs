using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.SocketLb;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>One service as a node has it: over every way at once, each with its own turns, every backend has its share.</summary>
public sealed class SpreadTests
{
    private const int Each = 500;
    private const int AtOnce = 8;
    private const double Tolerance = 0.05;
    private static readonly string[] Names = ["a", "b", "c", "d", "e"];

    [Fact]
    public async Task RoundRobin_OverAllLoopsAndPathsAtOnce_EachBackendHasItsShareWithinFivePercent()
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        var tcp = Names.Select(name => SocketLbRig.Named(name)).ToArray();
        var udp = Names.Select(name => new UdpBackend(name)).ToArray();
        var options = new DataplaneOptions { Threads = 3, SocketLb = new SocketLoadBalancerOptions() };
        await using (var rig = await new DataplaneRig(dataplane: options, capture: Capture.Lookup).StartAsync())
        {
            using var ns = new NetNamespace(rig.Number);
            var web = rig.Port(10, 80, nodePort: FreePort.Tcp());
            var names = rig.Port(10, 53, ServiceProtocol.Udp, FreePort.Udp());
            // Of the same backends, for there is no service that takes both.
            var managed = rig.Port(11, 80, path: ServicePath.Managed);
            await rig.SetAsync(web, [.. tcp.Select(backend => backend.EndPoint)]);
            await rig.SetAsync(managed, [.. tcp.Select(backend => backend.EndPoint)]);
            await rig.SetAsync(names, [.. udp.Select(backend => backend.EndPoint)]);
            Assert.Equal(ServicePath.Connect, rig.Dataplane.Paths().Single(path => path.Id == web.Id).Path);

            var counts = await Task.WhenAll(
                CountAsync(null, new IPEndPoint(rig.Vip(10), 80)),
                CountAsync(null, new IPEndPoint(IPAddress.Loopback, web.NodePort)),
                CountAsync(ns, new IPEndPoint(rig.Vip(10), 80)),
                CountAsync(ns, new IPEndPoint(rig.Vip6(10), 80)),
                CountAsync(ns, new IPEndPoint(ns.HostAddress, web.NodePort)),
                CountAsync(ns, new IPEndPoint(rig.Vip(11), 80)),
                CountAsync(null, new IPEndPoint(rig.Vip(10), 53), udp: true),
                CountAsync(ns, new IPEndPoint(rig.Vip6(10), 53), udp: true),
                CountAsync(ns, new IPEndPoint(ns.HostAddress, names.NodePort), udp: true));
            // What the kernel connects, what the loops relay over TCP, the managed path, and UDP, have turns of their own each.
            foreach (var path in new[] { counts[..2], counts[2..5], counts[5..6], counts[6..], counts }) AssertShares(path);
            // Every way was taken: the host's clients by the kernel alone, the namespace's, which is none that is served, by relays.
            Assert.Equal(2 * Each, rig.Dataplane.Sockets!.Counters().Where(ofPort => ofPort.Id == web.Id).Sum(ofPort => (int)ofPort.Sockets.Opened));
            var relayed = rig.Dataplane.Directory.Find(web.Id)!.Backends.ToArray().Sum(backend => backend.State.Given);
            Assert.Equal(3 * Each, relayed);
        }

        foreach (var backend in tcp) await backend.DisposeAsync();
        foreach (var backend in udp) await backend.DisposeAsync();
    }

    private static async Task<Dictionary<string, int>> CountAsync(NetNamespace? ns, IPEndPoint place, bool udp = false)
    {
        var answers = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Each), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (_, _) =>
        {
            var (type, protocol) = udp ? (SocketType.Dgram, ProtocolType.Udp) : (SocketType.Stream, ProtocolType.Tcp);
            var socket = ns?.Socket(place.AddressFamily, type, protocol) ?? new Socket(place.AddressFamily, type, protocol);
            answers.Add((udp ? await DataplaneRig.AskUdpAsync(socket, place) : await DataplaneRig.AskTcpAsync(socket, place))[..1]);
        });
        return answers.CountBy(answer => answer).ToDictionary();
    }

    private static void AssertShares(Dictionary<string, int>[] ways)
    {
        var counts = ways.SelectMany(ofOne => ofOne).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
        var share = (double)ways.Length * Each / Names.Length;
        Assert.Equal(Names, counts.Keys.Order());
        Assert.All(counts, pair => Assert.InRange(pair.Value, share * (1 - Tolerance), share * (1 + Tolerance)));
    }
}
