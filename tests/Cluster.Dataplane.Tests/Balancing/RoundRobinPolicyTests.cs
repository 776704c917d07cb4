using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Balancing;

public sealed class RoundRobinPolicyTests
{
    private readonly ServiceDirectory _directory = new();
    private readonly PickContext _context = new(TrafficScope.Internal, new ClientAddress(0, 1));

    [Fact]
    public void Pick_ThreeHundredOverThree_GivesEachHundred()
    {
        var entry = _directory.Publish(Make.Port("a"), Make.Backends(3));
        var picks = Enumerable.Range(0, 300).Select(_ => entry.Pick(_context)!.Uid).CountBy(uid => uid);
        Assert.All(picks, pick => Assert.Equal(100, pick.Value));
    }

    [Fact]
    public void Pick_AcrossTables_GoesOnWhereItWas()
    {
        _directory.Publish(Make.Port("a"), Make.Backends(3)).Pick(_context);
        var entry = _directory.Publish(Make.Port("a"), Make.Backends(4));
        Assert.Equal("pod-2", entry.Pick(_context)!.Uid);
    }

    [Fact]
    public void Pick_AfterBackendRemoved_SkipsIt()
    {
        _directory.Publish(Make.Port("a"), Make.Backends(3));
        var entry = _directory.Publish(Make.Port("a"), Make.Backends(2));
        Assert.DoesNotContain("pod-3", Enumerable.Range(0, 10).Select(_ => entry.Pick(_context)!.Uid));
    }

    [Fact]
    public void Pick_AfterFailure_NeverGivesTheSameBackend()
    {
        var entry = _directory.Publish(Make.Port("a"), Make.Backends(2));
        for (var i = 0; i < 10; i++)
        {
            var failed = entry.Pick(_context)!;
            // Another connection's pick in between moves the cursor back onto the failed one.
            entry.Pick(_context);
            Assert.NotSame(failed, entry.Pick(_context with { Failed = failed }));
        }
    }

    [Fact]
    public void Pick_NoBackends_IsNull() => Assert.Null(_directory.Publish(Make.Port("a")).Pick(_context));

    [Fact]
    public void Pick_FromTable_AllocatesNothing()
    {
        var slot = _directory.Publish(Make.Port("a"), Make.Backends(3)).Slot;
        Assert.Equal(0, Allocations.During(() => _directory.Current[slot]!.Pick(_context)));
    }
}
