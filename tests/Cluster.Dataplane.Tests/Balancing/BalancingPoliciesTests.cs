using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Balancing;

/// <summary>What holds for every policy there is, alone and under those that wrap another.</summary>
public sealed class BalancingPoliciesTests
{
    private readonly ServiceDirectory _directory = new();

    public static TheoryData<string, bool, bool> All { get; } = new(
        from name in BalancingPolicies.BuiltIn(TimeProvider.System).Names
        from affinity in new[] { false, true }
        from zone in new[] { false, true }
        select (name, affinity, zone));

    [Theory]
    [MemberData(nameof(All))]
    public void Pick_FromTheTable_AllocatesNothing(string name, bool affinity, bool zone)
    {
        var slot = _directory.Publish(Port(name, affinity, zone), Backends()).Slot;
        // Who is new to a service with affinity is remembered, which takes its memory once.
        ulong client = 0;
        Assert.Equal(0, Allocations.During(() =>
        {
            var entry = _directory.Current[slot]!;
            client = affinity ? 1 : client + 1;
            entry.Pick(new PickContext(TrafficScope.Internal, new ClientAddress(0, client)));
            if (!affinity) entry.Pick(new PickContext(TrafficScope.Internal, new ClientAddress(0, client), entry.Backends[1]));
        }));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Pick_AllButOneTriedInVain_IsTheOneThatIsLeft(string name, bool affinity, bool zone)
    {
        var entry = _directory.Publish(Port(name, affinity, zone), Backends());
        for (var left = 0; left < entry.Backends.Length; left++)
        {
            var tried = new TriedBackends();
            for (var i = 0; i < entry.Backends.Length; i++)
                if (i != left) tried.Add(entry.Backends[i]);
            var failed = entry.Backends[left == 0 ? 1 : 0];
            for (ulong client = 0; client < 50; client++)
                Assert.Same(entry.Backends[left], entry.Pick(new PickContext(TrafficScope.Internal, new ClientAddress(0, client), failed, tried)));
        }
    }

    private static ServicePort Port(string policy, bool affinity, bool zone) => new(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80)
    {
        Policy = policy, AffinityTimeout = affinity ? TimeSpan.FromHours(1) : TimeSpan.Zero, PreferredZone = zone ? "here" : null,
    };

    private static Backend[] Backends() => [.. Make.Backends(6).Select((backend, i) => new Backend(backend.Uid, backend.Address) { Weight = 1 + i % 3, Zone = i % 2 == 0 ? "here" : "there" })];
}
