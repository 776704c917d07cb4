using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Services;

public sealed class ServiceDirectoryTests
{
    private readonly ServiceDirectory _directory = new();

    [Fact]
    public void Current_BeforePublish_ShowsNothingOfTheBatch()
    {
        _directory.Set(Make.Port("a"), Make.Backends(1));
        Assert.Equal(0, _directory.Current.Count);

        var changes = _directory.Publish();
        Assert.Equal(1, _directory.Current.Count);
        Assert.Null(Assert.Single(changes).Before);
    }

    [Fact]
    public void Publish_AfterOneBackendChanged_LeavesEarlierTableAsItWas()
    {
        var entry = _directory.Publish(Make.Port("a"), Make.Backends(2));
        var earlier = _directory.Current;
        var later = _directory.Publish(Make.Port("a"), Make.Backends(3));

        Assert.Equal(2, earlier[entry.Slot]!.Backends.Length);
        Assert.Equal(3, _directory.Current[entry.Slot]!.Backends.Length);
        Assert.Same(entry.State, later.State);
    }

    [Fact]
    public void Publish_WhenNothingChanged_TellsOfNoChange()
    {
        _directory.Publish(Make.Port("a"), Make.Backends(2));
        _directory.Set(Make.Port("a"), Make.Backends(2));
        Assert.Empty(_directory.Publish());
    }

    [Fact]
    public void Publish_WhenPodReplacedAtSameAddress_IsAChange()
    {
        _directory.Publish(Make.Port("a"), Make.Backend(1, uid: "old"));
        _directory.Set(Make.Port("a"), [Make.Backend(1, uid: "new")]);
        Assert.Equal("new", Assert.Single(_directory.Publish()).After!.Backends[0].Uid);
    }

    [Fact]
    public void Publish_AfterSeveralSetsOfOneService_TellsOneChangeFromFirstToLast()
    {
        _directory.Publish(Make.Port("a"), Make.Backends(1));
        _directory.Set(Make.Port("a"), Make.Backends(2));
        _directory.Set(Make.Port("a"), Make.Backends(3));

        var change = Assert.Single(_directory.Publish());
        Assert.Equal(1, change.Before!.Backends.Length);
        Assert.Equal(3, change.After!.Backends.Length);
    }

    [Fact]
    public void Publish_WhenAddedAndRemovedInOneBatch_TellsNothing()
    {
        _directory.Set(Make.Port("a"), Make.Backends(1));
        Assert.True(_directory.Remove(Make.Port("a").Id));
        Assert.Empty(_directory.Publish());
    }

    [Fact]
    public void Remove_ThenAddAnother_NeverShowsOneServiceTurnIntoTheOther()
    {
        var first = _directory.Publish(Make.Port("a"), Make.Backends(1));
        _directory.Remove(first.Port.Id);
        _directory.Set(Make.Port("b"), Make.Backends(1));
        Assert.All(_directory.Publish(), change => Assert.True(change.Before is null || change.After is null));

        Assert.Null(_directory.Current[first.Slot]);
        Assert.False(_directory.Remove(first.Port.Id));
        Assert.Equal(first.Slot, _directory.Publish(Make.Port("c"), Make.Backends(1)).Slot);
    }

    [Fact]
    public void Publish_WithThousandsOfServices_FindsEachAtItsSlot()
    {
        for (var i = 0; i < 3000; i++) _directory.Set(Make.Port($"s{i}"), Make.Backends(2));
        _directory.Publish();

        Assert.Equal(3000, _directory.Current.Count);
        Assert.All(_directory.Current.Entries, entry => Assert.Same(entry, _directory.Current[entry.Slot]));
        Assert.Null(_directory.Current[3000]);
        Assert.Null(_directory.Current[1_000_000]);
    }

    [Fact]
    public void Set_WhenAffinityChanges_StartsWithNewState()
    {
        var before = _directory.Publish(Make.Port("a"), Make.Backends(2));
        var port = new ServicePort(before.Port.Id, 80) { VirtualAddresses = before.Port.VirtualAddresses, AffinityTimeout = TimeSpan.FromMinutes(1) };
        Assert.NotSame(before.State, _directory.Publish(port, Make.Backends(2)).State);
    }

    [Fact]
    public void Set_BackendsMoved_KeepTheirStateAndReplacedOnesBeginAnew()
    {
        var before = _directory.Publish(Make.Port("a"), Make.Backends(3));
        foreach (var backend in before.Backends) backend.State.Opened();
        var after = _directory.Publish(Make.Port("a"), Make.Backend(3), Make.Backend(2, uid: "new"), Make.Backend(1, BackendHealth.Terminating));
        Assert.Equal([1, 0, 1], after.Backends.ToArray().Select(backend => backend.State.Active));
        Assert.Same(before.Backends[2].State, after.Backends[0].State);
    }

    [Fact]
    public void Set_PathChanged_IsAChange()
    {
        var before = _directory.Publish(Make.Port("a"), Make.Backends(1));
        _directory.Set(new ServicePort(before.Port.Id, 80) { VirtualAddresses = before.Port.VirtualAddresses, Path = ServicePath.Managed }, before.Backends);
        Assert.Equal(ServicePath.Managed, Assert.Single(_directory.Publish()).After!.Port.Path);
    }

    [Fact]
    public void Publish_OneBackendOfTenThousandServices_AllocatesOnlyTheChangedPart()
    {
        for (var i = 0; i < 10_000; i++) _directory.Set(Make.Port($"s{i}"), Make.Backends(10));
        _directory.Publish();
        var port = Make.Port("s5000");
        var backends = Make.Backends(9);

        var before = GC.GetAllocatedBytesForCurrentThread();
        _directory.Set(port, backends);
        _directory.Publish();
        // A chunk, the list of chunks, the entry and its arrays; a table of all would be megabytes.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 8 * 1024);
    }
}
