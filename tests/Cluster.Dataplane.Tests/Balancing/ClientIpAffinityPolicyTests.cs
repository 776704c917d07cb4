using System.Net;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Balancing;

public sealed class ClientIpAffinityPolicyTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(100);
    private readonly FakeTimeProvider _time = new();
    private readonly ServiceDirectory _directory;

    public ClientIpAffinityPolicyTests() => _directory = new ServiceDirectory(BalancingPolicies.BuiltIn(_time));

    private static PickContext From(string client) => new(TrafficScope.Internal, ClientAddress.From(IPAddress.Parse(client)));

    private ServiceEntry Publish(params Backend[] backends) => _directory.Publish(
        new ServicePort(new ServicePortId("ns/a", ServiceProtocol.Tcp), 80) { AffinityTimeout = Timeout }, backends);

    [Fact]
    public void Pick_SameClient_KeepsItsBackend()
    {
        var entry = Publish(Make.Backends(3));
        var first = entry.Pick(From("10.0.0.1"))!;
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Same(first, entry.Pick(From("10.0.0.1"))));
    }

    [Fact]
    public void Pick_DifferentClients_AreSpreadEvenly()
    {
        var entry = Publish(Make.Backends(3));
        var picks = Enumerable.Range(1, 90).Select(i => entry.Pick(From($"10.0.0.{i}"))!.Uid).CountBy(uid => uid);
        Assert.All(picks, pick => Assert.Equal(30, pick.Value));
    }

    [Fact]
    public void Pick_WithinTimeoutOfLastUse_RenewsAndKeeps()
    {
        var entry = Publish(Make.Backends(3));
        var first = entry.Pick(From("10.0.0.1"));
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(Timeout - TimeSpan.FromSeconds(1));
            Assert.Same(first, entry.Pick(From("10.0.0.1")));
        }
    }

    [Fact]
    public void Pick_AfterTimeout_TakesTheNext()
    {
        var entry = Publish(Make.Backends(3));
        var first = entry.Pick(From("10.0.0.1"));
        _time.Advance(Timeout);
        Assert.NotSame(first, entry.Pick(From("10.0.0.1")));
    }

    [Fact]
    public void Pick_BackendGoneOrReplacedAtItsAddress_TakesAnother()
    {
        var first = Publish(Make.Backend(1, uid: "old")).Pick(From("10.0.0.1"))!;
        var entry = Publish(Make.Backend(1, uid: "new"), Make.Backend(2));
        Assert.NotEqual("old", entry.Pick(From("10.0.0.1"))!.Uid);
        Assert.False(entry.Serves(first, TrafficScope.Internal, default));
    }

    [Fact]
    public void Pick_OtherBackendsCome_Keeps()
    {
        var first = Publish(Make.Backends(1)).Pick(From("10.0.0.1"))!;
        Assert.Equal(first.Uid, Publish(Make.Backends(5)).Pick(From("10.0.0.1"))!.Uid);
    }

    [Fact]
    public void Pick_AfterFailure_MovesTheClientForGood()
    {
        var entry = Publish(Make.Backends(3));
        var first = entry.Pick(From("10.0.0.1"))!;
        var second = entry.Pick(From("10.0.0.1") with { Failed = first })!;
        Assert.NotSame(first, second);
        Assert.Same(second, entry.Pick(From("10.0.0.1")));
    }

    [Fact]
    public void Pick_ManyClients_StaysBounded()
    {
        var entry = Publish(Make.Backends(3));
        for (ulong i = 0; i < AffinityMap.Capacity + 1000; i++) entry.Pick(new PickContext(TrafficScope.Internal, new ClientAddress(0, i)));
        Assert.InRange(entry.State.Affinity.Count, 1, AffinityMap.Capacity);
    }

    [Fact]
    public void Pick_MoreClientsThanAreRemembered_ForgetsThoseAwayTheLongest()
    {
        var entry = Publish(Make.Backends(3));
        for (ulong i = 0; i < AffinityMap.Capacity; i++)
        {
            entry.Pick(new PickContext(TrafficScope.Internal, new ClientAddress(0, i)));
            _time.Advance(TimeSpan.FromTicks(1));
        }

        entry.Pick(new PickContext(TrafficScope.Internal, new ClientAddress(1, 0)));

        var known = entry.State.Affinity.Entries().Select(one => one.Client).ToHashSet();
        Assert.InRange(known.Count, AffinityMap.Capacity * 3 / 4, AffinityMap.Capacity);
        Assert.DoesNotContain(new ClientAddress(0, 0), known);
        Assert.All(Enumerable.Range(AffinityMap.Capacity / 2, AffinityMap.Capacity / 2), i => Assert.Contains(new ClientAddress(0, (ulong)i), known));
    }

    [Fact]
    public void Pick_AfterTheServiceBalancesOtherwise_Keeps()
    {
        var before = Publish(Make.Backends(3));
        before.Pick(From("10.0.0.1"));
        // Not the one that would be the first's again.
        var second = before.Pick(From("10.0.0.2"))!;
        var port = new ServicePort(new ServicePortId("ns/a", ServiceProtocol.Tcp), 80) { AffinityTimeout = Timeout / 2, PreferredZone = "near", Policy = "weighted" };
        Assert.Equal(second.Uid, _directory.Publish(port, Make.Backends(3)).Pick(From("10.0.0.2"))!.Uid);
    }

    [Fact]
    public void Pick_KnownClient_AllocatesNothing()
    {
        var entry = Publish(Make.Backends(3));
        var context = From("10.0.0.1");
        Assert.Equal(0, Allocations.During(() => entry.Pick(context)));
    }
}
