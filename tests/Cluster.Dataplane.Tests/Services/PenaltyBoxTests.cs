using System.Net;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Services;

public sealed class PenaltyBoxTests
{
    // Stands still: nothing is tried again.
    private readonly FakeTimeProvider _time = new();
    private readonly ServiceDirectory _directory;

    public PenaltyBoxTests() => _directory = new ServiceDirectory(BalancingPolicies.BuiltIn(_time), null, _time);

    [Fact]
    public void Failed_ThreeTimesInARow_LeavesOutAndKeepsTurnsEven()
    {
        var entry = _directory.Publish(Make.Port("ns/web"), Make.Backends(4));
        var told = 0;
        _directory.AvailabilityChanged += _ => told++;
        Fail(entry, 1, times: 2);
        _directory.Box.Answered(entry, entry.Backends[1]);
        Fail(entry, 1, times: 2);
        Assert.Equal((4, 0), (entry.Usable(TrafficScope.Internal).Length, told));
        Fail(entry, 1, times: 1);
        Assert.Equal((3, 1), (entry.Usable(TrafficScope.Internal).Length, told));
        var picks = Picks(entry, 300);
        Assert.Equal([100, 100, 100], picks.Values);
        Assert.DoesNotContain("pod-2", picks.Keys);

        _directory.Box.Answered(entry, entry.Backends[1]);
        Assert.Equal((4, 2), (entry.Usable(TrafficScope.Internal).Length, told));
    }

    [Fact]
    public async Task Failed_AgainAfterItWasLetOut_IsTriedOnceAPause()
    {
        var time = new CountingTime(_time);
        // Told apart from pauses by its time.
        var options = new PenaltyBoxOptions { ProbeTimeout = TimeSpan.FromSeconds(7) };
        var directory = new ServiceDirectory(BalancingPolicies.BuiltIn(time), options, time);
        var entry = directory.Publish(Make.Port("ns/web"), new Backend("dead", new IPEndPoint(IPAddress.Loopback, FreePort.Tcp())));
        directory.Box.Failed(entry, entry.Backends[0], options.Strikes);
        directory.Box.Answered(entry, entry.Backends[0]);
        directory.Box.Failed(entry, entry.Backends[0], options.Strikes);
        for (var round = 1; round <= 5; round++)
        {
            _time.Advance(options.LongestPause);
            // Two pauses from the beginning, and one that follows each probe.
            await Eventually.True(() => Probes() >= round && time.Timers.Count - Probes() >= 2 + round);
        }

        Assert.Equal(5, Probes());
        Assert.True(entry.Backends[0].State.IsBoxed);
        directory.Box.Dispose();

        int Probes() => time.Timers.Count(due => due == options.ProbeTimeout);
    }

    [Fact]
    public void Failed_AllBackends_AllAreUsed()
    {
        var entry = _directory.Publish(Make.Port("ns/web"), Make.Backends(3));
        for (var i = 0; i < 3; i++) Fail(entry, i, times: 3);
        Assert.Equal([100, 100, 100], Picks(entry, 300).Values);
    }

    [Fact]
    public void Failed_BackendOfAClientWithAffinity_GivesTheClientAnother()
    {
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")], AffinityTimeout = TimeSpan.FromHours(3) };
        var entry = _directory.Publish(port, Make.Backends(3));
        var first = entry.Pick(Context(7))!;
        Assert.Same(first, entry.Pick(Context(7)));
        Fail(entry, entry.Backends.IndexOf(first), times: 3);
        var second = entry.Pick(Context(7))!;
        Assert.NotSame(first, second);
        _directory.Box.Answered(entry, first);
        Assert.Same(second, entry.Pick(Context(7)));
    }

    [Fact]
    public void Failed_WithMaglev_MovesItsOwnClientsAlone()
    {
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")], Policy = "maglev" };
        var entry = _directory.Publish(port, Make.Backends(10));
        var before = Enumerable.Range(0, 1000).Select(client => entry.Pick(Context(client))!).ToList();
        Fail(entry, 3, times: 3);
        var moved = Enumerable.Range(0, 1000).Count(client => !ReferenceEquals(before[client], entry.Backends[3]) && !ReferenceEquals(before[client], entry.Pick(Context(client))));
        Assert.DoesNotContain(entry.Backends[3], Enumerable.Range(0, 1000).Select(client => entry.Pick(Context(client))!));
        Assert.InRange(moved, 0, 50);
    }

    [Fact]
    public void Publish_BackendInTheBox_StaysInItAcrossTables()
    {
        var entry = _directory.Publish(Make.Port("ns/web"), Make.Backends(3));
        Fail(entry, 0, times: 3);
        entry = _directory.Publish(Make.Port("ns/web"), Make.Backends(4));
        Assert.Equal(3, entry.Usable(TrafficScope.Internal).Length);
        // Gone for good, another begins anew at its address.
        _directory.Publish(Make.Port("ns/web"), Make.Backends(4)[1..]);
        entry = _directory.Publish(Make.Port("ns/web"), Make.Backends(4));
        Assert.Equal(4, entry.Usable(TrafficScope.Internal).Length);
    }

    [Theory]
    [InlineData("round-robin")]
    [InlineData("weighted")]
    [InlineData("p2c")]
    [InlineData("maglev")]
    public void Pick_AfterFailures_NamesEachBackendOnceAndThenNone(string policy)
    {
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")], Policy = policy };
        var entry = _directory.Publish(port, Make.Backends(8));
        Fail(entry, 5, times: 3);
        for (var client = 0; client < 50; client++)
        {
            var tried = new TriedBackends();
            Backend? failed = null;
            while (entry.Pick(Context(client) with { Failed = failed, Tried = tried }) is { } picked)
            {
                Assert.False(tried.Contains(picked));
                // The one that is left out comes last: before it there is always another.
                Assert.Equal(tried.Count < 7, entry.HasAnother(Context(client) with { Tried = tried }, picked));
                if (tried.Count < 7) Assert.NotSame(entry.Backends[5], picked);
                tried.Add(picked);
                failed = picked;
            }

            Assert.Equal(8, tried.Count);
        }
    }

    [Fact]
    public void Pick_WithABackendInTheBox_AllocatesNothing()
    {
        var entry = _directory.Publish(Make.Port("ns/web"), Make.Backends(3));
        Fail(entry, 0, times: 3);
        var context = Context(1);
        Assert.Equal(0, Allocations.During(() => entry.Pick(context)));
    }

    private void Fail(ServiceEntry entry, int backend, int times) => _directory.Box.Failed(entry, entry.Backends[backend], times);

    private static PickContext Context(int client) => new(TrafficScope.Internal, ClientAddress.From(new IPAddress([10, 9, (byte)(client >> 8), (byte)client])));

    private static SortedDictionary<string, int> Picks(ServiceEntry entry, int count)
    {
        var picks = new SortedDictionary<string, int>();
        for (var i = 0; i < count; i++)
        {
            var uid = entry.Pick(Context(i))!.Uid;
            picks[uid] = picks.GetValueOrDefault(uid) + 1;
        }

        return picks;
    }
}
