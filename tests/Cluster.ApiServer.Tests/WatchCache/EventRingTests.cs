using Cluster.ApiServer.WatchCache;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.WatchCache;

public sealed class EventRingTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void TryFind_RevisionInTheRing_IsTheFirstEventAfterIt()
    {
        var ring = Ring(capacity: 8, 10, 10, 12, 15);

        Assert.True(ring.TryFind(9, out var first));
        Assert.True(ring.TryFind(10, out var third));
        Assert.True(ring.TryFind(14, out var fourth));
        Assert.True(ring.TryFind(99, out var head));
        Assert.Equal([0, 2, 3, 4], [first, third, fourth, head]);
    }

    [Fact]
    public void TryFind_RevisionBeforeTheOldest_IsRefused()
    {
        var ring = Ring(capacity: 2, 10, 11, 12, 13);

        Assert.Equal(11, ring.Floor);
        Assert.False(ring.TryFind(10, out _));
        Assert.True(ring.TryFind(11, out var sequence));
        Assert.Equal(2, sequence);
    }

    [Fact]
    public void TryRead_OverwrittenSequence_IsRefused()
    {
        var ring = Ring(capacity: 2, 10, 11, 12);

        Assert.False(ring.TryRead(0, out _));
        Assert.True(ring.TryRead(1, out var change));
        Assert.Equal(11, change.Revision);
    }

    [Fact]
    public void Append_WhileTheOldestIsYoung_GrowsInsteadOfForgetting()
    {
        var ring = new EventRing(_time, initialCapacity: 2, maxCapacity: 4);
        for (var revision = 1; revision <= 4; revision++)
            ring.Append(revision, Versions.Of("a", revision), null);

        Assert.True(ring.TryRead(0, out _));
        ring.Append(5, Versions.Of("a", 5), null);
        Assert.False(ring.TryRead(0, out _));
        Assert.True(ring.TryRead(1, out _));
        Assert.True(ring.TryRead(4, out _));
    }

    [Fact]
    public void Append_BeyondTheBytes_ForgetsTheOldestThoughTheyAreYoung()
    {
        var ring = new EventRing(_time, initialCapacity: 8, maxCapacity: 8, maxBytes: 100);
        for (var revision = 1; revision <= 4; revision++)
            ring.Append(revision, Versions.Of("a", revision, storedBytes: 40), null);

        Assert.False(ring.TryRead(1, out _));
        Assert.True(ring.TryRead(2, out _));
        Assert.Equal(2, ring.Floor);
        Assert.False(ring.TryFind(1, out _));
        Assert.True(ring.TryFind(2, out var sequence));
        Assert.Equal(2, sequence);
        // One that is too large by itself is kept until the next one comes.
        ring.Append(5, Versions.Of("a", 5, storedBytes: 500), null);
        Assert.True(ring.TryRead(4, out _));
        Assert.False(ring.TryRead(3, out _));
        ring.Append(6, null, Versions.Of("a", 5, storedBytes: 500));
        Assert.False(ring.TryRead(4, out _));
        Assert.True(ring.TryRead(5, out _));
    }

    [Fact]
    public void Reset_ReaderAtTheOldHead_LearnsThatItMissedSomething()
    {
        var ring = Ring(capacity: 8, 10, 11);
        var cursor = ring.Head;
        ring.Reset(50);

        Assert.True(cursor < ring.Head);
        Assert.False(ring.TryRead(cursor, out _));
        Assert.False(ring.TryFind(49, out _));
        Assert.True(ring.TryFind(50, out var sequence));
        Assert.Equal(ring.Head, sequence);
    }

    private EventRing Ring(int capacity, params long[] revisions)
    {
        var ring = new EventRing(_time, capacity, capacity);
        foreach (var revision in revisions)
            ring.Append(revision, Versions.Of("a", revision), null);
        return ring;
    }
}
