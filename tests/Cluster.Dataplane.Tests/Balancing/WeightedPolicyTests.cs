using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Balancing;

public sealed class WeightedPolicyTests
{
    private readonly ServiceDirectory _directory = new();
    private readonly PickContext _context = new(TrafficScope.Internal, new ClientAddress(0, 1));

    [Fact]
    public void Pick_OneRound_GivesEachItsWeight()
    {
        var entry = Publish(5, 3, 2);
        Assert.Equal([50, 30, 20], Shares(entry, 100));
    }

    [Fact]
    public void Pick_HeavyBackend_HasItsTurnsSpreadOut()
    {
        var entry = Publish(4, 2, 2);
        var picks = Enumerable.Range(0, 80).Select(_ => entry.Pick(_context)!.Uid).ToArray();
        // Half of all turns: never more than two in a row.
        Assert.DoesNotContain(Enumerable.Range(0, picks.Length - 2), i => picks[i] == "pod-1" && picks[i + 1] == "pod-1" && picks[i + 2] == "pod-1");
    }

    [Fact]
    public void Pick_WeightZero_HasNoTurnUnlessAllHave()
    {
        Assert.Equal([0, 60], Shares(Publish(0, 7), 60));
        Assert.Equal([30, 30], Shares(Publish(0, 0), 60));
    }

    [Fact]
    public void Prepare_LargeWeights_StayWithinOneRoundAndKeepTheSmall()
    {
        var backends = Weighted(65_535, 1, 65_534);
        var schedule = (ushort[])new WeightedPolicy().Prepare(backends)!;
        Assert.InRange(schedule.Length, 3, WeightedPolicy.MaxTurns);
        Assert.Equal(3, schedule.Distinct().Count());
    }

    [Fact]
    public void Prepare_MoreBackendsThanTurns_GivesEachOne()
    {
        var backends = Enumerable.Range(1, 5000).Select(number => new Backend($"pod-{number}", Make.Backend(number).Address) { Weight = 1 + number % 3 }).ToArray();
        Assert.Equal(5000, ((ushort[])new WeightedPolicy().Prepare(backends)!).Distinct().Count());
    }

    [Fact]
    public void Pick_AfterFailure_GivesAnother()
    {
        var entry = Publish(9, 1);
        for (var i = 0; i < 20; i++)
            Assert.Equal("pod-2", entry.Pick(_context with { Failed = entry.Backends[0] })!.Uid);
        Assert.Equal("pod-2", Publish(9, 0).Pick(_context with { Failed = entry.Backends[0] })!.Uid);
    }

    [Fact]
    public void Set_WeightChanged_TakesEffectAndKeepsWhatIsKnownOfBackends()
    {
        var before = Publish(1, 1);
        before.Backends[0].State.Opened();
        var after = Publish(3, 1);
        Assert.Equal([75, 25], Shares(after, 100));
        Assert.Equal(1, after.Backends[0].State.Active);
    }

    [Fact]
    public void Pick_FromTable_AllocatesNothing()
    {
        var slot = Publish(5, 3, 2).Slot;
        Assert.Equal(0, Allocations.During(() => _directory.Current[slot]!.Pick(_context)));
    }

    private ServiceEntry Publish(params int[] weights) =>
        _directory.Publish(new ServicePort(new ServicePortId("a", ServiceProtocol.Tcp), 80) { Policy = "weighted" }, Weighted(weights));

    private static Backend[] Weighted(params int[] weights) =>
        [.. weights.Select((weight, i) => new Backend($"pod-{i + 1}", Make.Backend(i + 1).Address) { Weight = weight })];

    private int[] Shares(ServiceEntry entry, int picks)
    {
        var counts = Enumerable.Range(0, picks).Select(_ => entry.Pick(_context)!.Uid).CountBy(uid => uid).ToDictionary();
        return [.. entry.Backends.ToArray().Select(backend => counts.GetValueOrDefault(backend.Uid))];
    }
}
