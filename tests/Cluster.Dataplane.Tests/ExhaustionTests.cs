using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests;

/// <summary>A process that is out of descriptors learns nothing of its backends: none is blamed for it.</summary>
[Collection(nameof(Alone))]
public sealed class ExhaustionTests
{
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
