using Cluster.Storage.Watching;

namespace Cluster.Storage.Tests.Watching;

public sealed class RecentHistoryTests
{
    [Fact]
    public void Read_WithinRing_FromTheCursorOn()
    {
        var history = Filled(capacity: 10, revisions: 5);

        AssertRead(7, [4L, 5, 6, 7], history, after: 3, max: 10);
        AssertRead(5, [4L, 5], history, after: 3, max: 2);
        AssertRead(7, [], history, after: 7, max: 2);
    }

    [Fact]
    public void Read_BeforeRing_Null()
    {
        var history = Filled(capacity: 3, revisions: 5);

        Assert.Equal(4, history.Floor);
        Assert.Null(history.Read(3, 10, []));
        AssertRead(7, [5L, 6, 7], history, after: 4, max: 10);
    }

    [Fact]
    public void Publish_MoreBytesThanAllowed_OldestGoButTheNewestStays()
    {
        var history = new RecentHistory(2, 100, maxBytes: 5000);
        for (var revision = 3; revision <= 6; revision++)
            history.Publish([Changes(revision, bytes: 2000)], revision);
        Assert.Equal(4, history.Floor);

        history.Publish([Changes(7, bytes: 1_000_000)], 7);

        Assert.Equal(6, history.Floor);
        AssertRead(7, [7L], history, after: 6, max: 10);
    }

    [Fact]
    public async Task WaitPast_Published_Completes()
    {
        var history = Filled(capacity: 3, revisions: 1);
        var waiting = history.WaitPastAsync(3, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);

        history.Publish([Changes(4, 1)], 4);

        await waiting;
        await history.WaitPastAsync(3, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Restart_Cursors_FallOut()
    {
        var history = Filled(capacity: 10, revisions: 5);

        history.Restart(100);

        await history.WaitPastAsync(7, TestContext.Current.CancellationToken);
        Assert.Null(history.Read(7, 10, []));
        history.Publish([Changes(101, 1)], 101);
        AssertRead(101, [101L], history, after: 100, max: 10);
    }

    [Fact]
    public async Task Close_Readers_AreTold()
    {
        var history = Filled(capacity: 10, revisions: 1);
        var waiting = history.WaitPastAsync(3, TestContext.Current.CancellationToken);

        history.Close(new StoreException("the store is closed"));

        await waiting;
        Assert.Throws<StoreException>(() => history.Read(3, 10, []));
    }

    // Revisions 3, 4, 5...
    private static RecentHistory Filled(int capacity, int revisions)
    {
        var history = new RecentHistory(2, capacity, maxBytes: long.MaxValue);
        for (var revision = 3; revision < 3 + revisions; revision++)
            history.Publish([Changes(revision, 1)], revision);
        return history;
    }

    private static void AssertRead(long cursor, long[] revisions, RecentHistory history, long after, int max)
    {
        var into = new List<StoreChanges>();
        Assert.Equal(cursor, history.Read(after, max, into));
        Assert.Equal(revisions, into.Select(changes => changes.Revision));
    }

    private static StoreChanges Changes(long revision, int bytes) =>
        new(revision, [new StoreChange("/registry/a", new StoreEntry("/registry/a", new byte[bytes], revision, revision), null)]);
}
