using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>One truth of who does not answer, for sockets that are connected from the start (of the host) and for relays (of a namespace).</summary>
public sealed class SharedPenaltyBoxTests
{
    private const int InARow = 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tcp_BackendThatFailsOnOnePath_IsLeftOutByBoth_UntilItAnswers(bool metByRelay)
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        await using var good = SocketLbRig.Named("good");
        var bad = SocketLbRig.Named("bad");
        var place = bad.EndPoint;
        await bad.DisposeAsync();
        var sockets = new SocketLoadBalancerOptions { MaxServices = 16, MaxBackends = 64, MaxSlots = 256, MaxFlows = 64 };
        await using var rig = await new DataplaneRig(dataplane: new DataplaneOptions { SocketLb = sockets }).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var port = rig.Port(10, 80);
        await rig.SetAsync(port, good.EndPoint, place);
        var state = rig.Dataplane.Directory.Find(port.Id)!.Backends[1].State;

        await Eventually.True(async () => (metByRelay ? await ByRelayAsync() : BySocket()) is null || state.IsBoxed, "a client to meet the one that is down");
        // A client of a relay is led on to another backend; one that was connected from the start is refused.
        await Eventually.True(() => Enumerable.Range(0, InARow).All(_ => BySocket() == "good"), "sockets to be led to the other one");
        Assert.True(state.IsBoxed);
        var given = state.Given;
        for (var i = 0; i < InARow; i++) Assert.Equal("good", await ByRelayAsync());
        Assert.Equal((metByRelay, given), (given > 0, state.Given));

        await using var again = SocketLbRig.Named("bad", place.Address, place.Port);
        await Eventually.True(() => BySocket() == "bad", "sockets to be led to it again");
        await Eventually.True(async () => await ByRelayAsync() == "bad", "relays to use it again");

        string? BySocket() => SocketLbRig.Ask(rig.Vip(10));

        async Task<string?> ByRelayAsync() => await DataplaneRig.AskTcpAsync(ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), new IPEndPoint(rig.Vip(10), 80));
    }
}
