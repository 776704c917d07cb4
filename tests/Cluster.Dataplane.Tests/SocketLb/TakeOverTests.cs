using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Linux.Bpf;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>What stays when a process ends, what the next one takes over, and what is left in the end.</summary>
public sealed class TakeOverTests
{
    public TakeOverTests() => Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TakeOver_WhileClientsConnect_NoneIsLost(bool otherSizes)
    {
        await using var a = SocketLbRig.Named("a");
        await using var b = SocketLbRig.Named("b");
        await using var rig = new SocketLbRig(pinned: true);
        rig.Set(rig.Port(10), a.EndPoint, b.EndPoint);
        using var stop = new CancellationTokenSource();
        var asked = 0;
        var asking = Task.Run(() =>
        {
            for (; !stop.IsCancellationRequested; asked++) Assert.Contains(SocketLbRig.Ask(rig.Vip(10)), new[] { "a", "b" });
        });
        for (var round = 0; round < 3; round++)
        {
            var before = asked;
            await Eventually.True(() => asked > before + 20 || asking.IsCompleted);
            // The first one ends before the next begins, as a process that was killed does; with other sizes its maps are replaced too.
            await rig.Balancer.DisposeAsync();
            await Eventually.True(() => asked > before + 40 || asking.IsCompleted);
            await rig.TakeOverAsync(options => otherSizes ? options with { MaxSlots = options.MaxSlots * 2 } : options);
            await Eventually.True(() => asked > before + 60 || asking.IsCompleted);
            rig.Set(rig.Port(10), a.EndPoint, b.EndPoint);
            rig.Balancer.RemoveLeftovers();
            await Eventually.True(() => asked > before + 80 || asking.IsCompleted);
        }

        await stop.CancelAsync();
        await asking;
    }

    [Fact]
    public async Task TakeOver_BackendThatHadFailed_IsNotAccusedAgainWhenAnotherFails()
    {
        await using var good = SocketLbRig.Named("good");
        var revived = SocketLbRig.Named("revived");
        var failing = SocketLbRig.Named("failing");
        var (place, failingPlace) = (revived.EndPoint, failing.EndPoint);
        await revived.DisposeAsync();
        await using var rig = new SocketLbRig(pinned: true);
        var port = rig.Port(10);
        rig.Set(port, good.EndPoint, place, failing.EndPoint);
        bool IsAccused(IPEndPoint backend) => rig.Log.All.Any(line => line.StartsWith($"{backend} ", StringComparison.Ordinal));
        await Eventually.True(() => SocketLbRig.Ask(rig.Vip(10)) is null || IsAccused(place), "the first one to fail a client");
        await Eventually.True(() => IsAccused(place), "the first one to be found out");
        await using var again = SocketLbRig.Named("revived", place.Address, place.Port);

        await rig.TakeOverAsync();
        rig.Set(port, good.EndPoint, place, failing.EndPoint);
        rig.Log.All.Clear();
        await failing.DisposeAsync();
        await Eventually.True(() => SocketLbRig.Ask(rig.Vip(10)) is null || IsAccused(failingPlace), "the other one to fail a client");
        await Eventually.True(() => IsAccused(failingPlace), "the other one to be found out");
        Assert.False(IsAccused(place));
    }

    [Fact]
    public async Task TakeOver_GoesOnWithConnectionsAffinityAndCounters()
    {
        await using var a = SocketLbRig.Lasting();
        await using var b = SocketLbRig.Lasting();
        await using var u = new UdpBackend("u");
        await using var rig = new SocketLbRig(pinned: true);
        var (tcp, udp) = (rig.Port(10, affinity: TimeSpan.FromHours(1)), rig.Port(11, ServiceProtocol.Udp));
        var (pod1, pod2) = (new Backend("pod-1", a.EndPoint), new Backend("pod-2", b.EndPoint));
        rig.Set(tcp, pod1, pod2);
        rig.Set(udp, u.EndPoint);
        using var stream = SocketLbRig.Stream();
        stream.Connect(rig.Vip(10), 80);
        using var datagram = SocketLbRig.Datagram();
        datagram.Connect(rig.Vip(11), 80);
        Assert.Equal("u:x", SocketLbRig.Ask(datagram));
        await rig.TakeOverAsync();
        rig.Set(tcp, pod2, pod1);
        rig.Set(udp, u.EndPoint);
        rig.Balancer.RemoveLeftovers();

        Assert.Equal("x", SocketLbRig.Ask(stream));
        Assert.Equal(new IPEndPoint(rig.Vip(10), 80), stream.RemoteEndPoint);
        var kept = a.Accepted == 1 ? pod1 : pod2;
        Assert.Equal(new SocketCounters(1, 0, 0, 0, 0), rig.Balancer.Counters(tcp.Id, kept));
        using (var again = SocketLbRig.Stream()) again.Connect(rig.Vip(10), 80);
        Assert.Equal(2, rig.Balancer.Counters(tcp.Id, kept).Opened);
        stream.Dispose();
        await Eventually.True(() => rig.Balancer.Counters(tcp.Id, kept).Active == 0);

        rig.Set(udp, Array.Empty<IPEndPoint>());
        Assert.Equal(SocketError.ConnectionAborted, Assert.Throws<SocketException>(() => datagram.Receive(new byte[16])).SocketErrorCode);
    }

    [Fact]
    public async Task TakeOver_WhatTheNextOneDoesNotHave_GoesWhenItHasItsFirstTable()
    {
        using var ns = new NetNamespace(104);
        await using var a = SocketLbRig.Named("a", ns.HostAddress);
        await using var rig = new SocketLbRig(pinned: true);
        rig.Balancer.AddNamespace(ns.Path);
        var gone = rig.Port(10);
        rig.Set(gone, a.EndPoint);
        rig.Set(rig.Port(11), a.EndPoint);
        await rig.Balancer.DisposeAsync();
        await rig.TakeOverAsync();
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(11), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));

        rig.Set(rig.Port(11), a.EndPoint);
        rig.Balancer.RemoveLeftovers();
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(11)));
        Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(11), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));
        rig.Balancer.RemoveLeftoverNamespaces();
        Assert.Null(SocketLbRig.Ask(rig.Vip(11), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)));

        // All of its room is there again.
        for (var i = 1; i < 200; i++) rig.Set(rig.Port(i), Make.Backends(10));
        Assert.Null(rig.Balancer.WhyNot(rig.Port(199).Id));
    }

    [Fact]
    public async Task TakeOver_TheGraceOfWhatWentMeanwhile_BeginsWithTheFirstTable()
    {
        await using var a = SocketLbRig.Lasting();
        await using var b = SocketLbRig.Lasting();
        var time = new FakeTimeProvider();
        await using var rig = new SocketLbRig(pinned: true, options => options with { DrainTimeout = TimeSpan.FromSeconds(30) }, time);
        var (stays, goes) = (rig.Port(10), rig.Port(11));
        rig.Set(stays, a.EndPoint);
        rig.Set(goes, b.EndPoint);
        using var kept = SocketLbRig.Stream();
        kept.Connect(rig.Vip(10), 80);
        using var left = SocketLbRig.Stream();
        left.Connect(rig.Vip(11), 80);
        rig.Set(stays, new Backend(a.EndPoint.ToString(), a.EndPoint) { Health = BackendHealth.NotReady });

        await rig.TakeOverAsync();
        rig.Set(stays, new Backend(a.EndPoint.ToString(), a.EndPoint) { Health = BackendHealth.NotReady });
        rig.Balancer.RemoveLeftovers();
        Assert.Equal("x", SocketLbRig.Ask(left));
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(SocketError.ConnectionAborted, Assert.Throws<SocketException>(() => left.Receive(new byte[16])).SocketErrorCode);
        Assert.Equal("x", SocketLbRig.Ask(kept));
    }

    [Fact]
    public async Task TakeOver_ConnectedUdpSocketOfANamespaceThatIsAddedLater_IsClosedAllTheSame()
    {
        using var ns = new NetNamespace(108);
        await using var a = new UdpBackend("a", ns.HostAddress);
        var time = new FakeTimeProvider();
        await using var rig = new SocketLbRig(pinned: true, time: time);
        rig.Balancer.AddNamespace(ns.Path);
        var port = rig.Port(10, ServiceProtocol.Udp);
        rig.Set(port, a.EndPoint);
        using var client = ns.Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.ReceiveTimeout = 5000;
        client.Connect(rig.Vip(10), 80);
        Assert.Equal("a:x", SocketLbRig.Ask(client));

        await rig.TakeOverAsync();
        rig.Set(port, Array.Empty<IPEndPoint>());
        rig.Balancer.RemoveLeftovers();
        await rig.Balancer.Cut;
        Assert.Equal("a:x", SocketLbRig.Ask(client));
        rig.Balancer.AddNamespace(ns.Path);
        for (var i = 0; i < 3; i++) time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(SocketError.ConnectionAborted, Assert.Throws<SocketException>(() => client.Receive(new byte[16])).SocketErrorCode);
    }

    [Fact]
    public async Task TakeOver_ServiceMadeAnewInItsSlotWhileConnectionsDrain_GoesOn()
    {
        await using var a = SocketLbRig.Lasting();
        await using var rig = new SocketLbRig(pinned: true, options => options with { MaxServices = 1 });
        var port = rig.Port(10);
        rig.Set(port, a.EndPoint);
        using var kept = SocketLbRig.Stream();
        kept.Connect(rig.Vip(10), 80);
        rig.Remove(port);
        rig.Set(port, a.EndPoint);
        using var later = SocketLbRig.Stream();
        later.Connect(rig.Vip(10), 80);
        await rig.TakeOverAsync();
        rig.Set(port, a.EndPoint);
        rig.Set(port, Array.Empty<IPEndPoint>());
        Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
        rig.Set(port, a.EndPoint);
        foreach (var client in new[] { kept, later }) Assert.Equal("x", SocketLbRig.Ask(client));
    }

    [Fact]
    public async Task Start_WhileAnotherProcessHasTheFolder_IsRefused_AndTheOtherGoesOn()
    {
        await using var a = SocketLbRig.Named("a");
        await using var rig = new SocketLbRig(pinned: true);
        rig.Set(rig.Port(10), a.EndPoint);
        Assert.Null(SocketLoadBalancer.TryStart(rig.Options with { LockPatience = TimeSpan.Zero }, NullLogger.Instance, out var whyNot));
        Assert.Equal($"another process connects sockets by what is pinned in {rig.Options.PinPath}/sockets", whyNot);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));

        // One that is on its way out is waited for.
        var next = Task.Run(() => SocketLoadBalancer.TryStart(rig.Options with { LockPatience = TimeSpan.FromSeconds(20) }, NullLogger.Instance, out _));
        await rig.Balancer.DisposeAsync();
        await using var taken = await next;
        Assert.NotNull(taken);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
    }

    [Fact]
    public async Task Removed_NothingIsLeft()
    {
        var before = BpfLink.AllIds();
        string path;
        await using (var rig = new SocketLbRig(pinned: true))
        {
            path = rig.Options.PinPath!;
            rig.Set(rig.Port(10), Make.Backends(2));
            var made = BpfLink.AllIds().Except(before).Where(id => IsOf(rig, id)).ToList();
            Assert.Equal(10, made.Count);

            // The process is gone without a word: what it pinned works on.
            await rig.Balancer.DisposeAsync();
            Assert.All(made, id => Assert.Contains(id, BpfLink.AllIds()));
            SocketLoadBalancer.Remove(path);
            Assert.False(Directory.Exists(path));
            await Eventually.True(() => !BpfLink.AllIds().Intersect(made).Any(), "the links to end");
            SocketLoadBalancer.Remove(path);
        }

        Assert.DoesNotContain(path, File.ReadAllText("/proc/self/mounts"));
    }

    [Fact]
    public async Task NotPinned_EndsWithItsProcess()
    {
        await using var a = SocketLbRig.Named("a");
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10), a.EndPoint);
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
        await rig.Balancer.DisposeAsync();
        Assert.Null(SocketLbRig.Ask(rig.Vip(10)));
    }

    [Theory]
    [InlineData("/tmp", "BPF_LINK_CREATE")]
    [InlineData("/sys/fs/cgroup/none", "Cannot open /sys/fs/cgroup/none")]
    public void Start_WhereItIsNotPossible_SaysWhy_AndLeavesNothing(string cgroup, string reason)
    {
        var path = Directory.CreateTempSubdirectory("cluster-bpf-").FullName;
        var owned = new List<string>();
        var options = new SocketLoadBalancerOptions { CgroupPath = cgroup, PinPath = path, Owned = owned.Add };
        Assert.Null(SocketLoadBalancer.TryStart(options, NullLogger.Instance, out var whyNot));
        Assert.Contains(reason, whyNot, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', whyNot);
        Assert.Equal([$"bpffs {path}"], owned);
        Assert.False(BpfFileSystem.IsMounted(path));
        Assert.False(Directory.Exists(path));
    }

    // Links of a rig run programs of its maps; here it is enough that they are pinned where it pins.
    private static bool IsOf(SocketLbRig rig, uint id) =>
        Directory.GetFiles(Path.Combine(rig.Options.PinPath!, "sockets", "links")).Any(path =>
        {
            using var link = BpfLink.Open(path);
            return link?.Id == id;
        });
}
