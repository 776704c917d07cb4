using System.Text;

namespace Cluster.Storage.Tests;

/// <summary>What every store must do. One class a store runs it.</summary>
public abstract class StoreTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    protected IStore Store { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Get_KeyNeverWritten_Null()
    {
        Assert.Null(await Store.GetAsync("/registry/none", Cancel));
    }

    [Fact]
    public async Task Txn_PutThenGet_ReturnsValueAndRevisions()
    {
        var created = await PutAsync("/registry/a", "1");
        var modified = await PutAsync("/registry/a", "2");

        var entry = await Store.GetAsync("/registry/a", Cancel);

        Assert.True(modified > created);
        Assert.Equal(("2", modified, created), (Text(entry!), entry!.ModRevision, entry.CreateRevision));
        Assert.Equal(modified, await Store.GetRevisionAsync(Cancel));
    }

    [Fact]
    public async Task Txn_EmptyValue_IsNotAnAbsentKey()
    {
        await PutAsync("/registry/empty", "");

        Assert.Equal(0, (await Store.GetAsync("/registry/empty", Cancel))!.Value.Length);
    }

    [Fact]
    public async Task Txn_CreateOfExistingKey_FailsAndShowsIt()
    {
        var revision = await PutAsync("/registry/a", "1");

        var result = await Store.TxnAsync(new StoreTxn([new("/registry/other", 0), new("/registry/a", 0)], [Put("/registry/a", "2")]), Cancel);

        Assert.False(result.Succeeded);
        Assert.Equal(revision, result.Revision);
        Assert.Null(result.Current[0]);
        Assert.Equal(("1", revision), (Text(result.Current[1]!), result.Current[1]!.ModRevision));
        Assert.Equal("1", Text((await Store.GetAsync("/registry/a", Cancel))!));
    }

    [Fact]
    public async Task Txn_SeveralOperations_ShareOneRevision()
    {
        var first = await PutAsync("/registry/gone", "x");

        var result = await Store.TxnAsync(
            new StoreTxn([new("/registry/gone", first)], [Put("/registry/a", "1"), Put("/registry/b", "2"), Delete("/registry/gone")]), Cancel);

        Assert.True(result.Succeeded);
        var range = await Store.RangeAsync("/registry/", null, 0, 0, Cancel);
        Assert.Equal(["/registry/a", "/registry/b"], range.Entries.Select(entry => entry.Key));
        Assert.All(range.Entries, entry => Assert.Equal(result.Revision, entry.ModRevision));
    }

    [Fact]
    public async Task Txn_DeleteOfAbsentKey_MakesNoRevision()
    {
        var before = await PutAsync("/registry/a", "1");

        var result = await Store.TxnAsync(new StoreTxn([], [Delete("/registry/none")]), Cancel);

        Assert.Equal((true, before), (result.Succeeded, result.Revision));
    }

    [Fact]
    public async Task Txn_CreatedAgainAfterDelete_HasNewCreateRevision()
    {
        await PutAsync("/registry/a", "1");
        await DeleteAsync("/registry/a");
        var again = await PutAsync("/registry/a", "2");

        Assert.Equal(again, (await Store.GetAsync("/registry/a", Cancel))!.CreateRevision);
    }

    [Fact]
    public async Task Txn_MaxOperations_AllStand()
    {
        var operations = Enumerable.Range(0, StoreTxn.MaxOperations).Select(i => Put($"/registry/{i:D3}", "x")).ToArray();

        Assert.True((await Store.TxnAsync(new StoreTxn([], operations), Cancel)).Succeeded);

        Assert.Equal(StoreTxn.MaxOperations, (await Store.RangeAsync("/registry/", null, 0, 0, Cancel)).Entries.Count);
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await Store.TxnAsync(new StoreTxn([], [.. operations, Put("/registry/more", "x")]), Cancel));
    }

    [Fact]
    public async Task Txn_SameKeyTwice_Refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await Store.TxnAsync(new StoreTxn([], [Put("/registry/a", "1"), Delete("/registry/a")]), Cancel));
    }

    [Fact]
    public async Task Txn_TooLarge_RefusedAndNotApplied()
    {
        var error = await Assert.ThrowsAsync<StoreException>(
            async () => await Store.TxnAsync(new StoreTxn([], [new StoreOp("/registry/big", new byte[2 * 1024 * 1024])]), Cancel));

        Assert.True(error.NotApplied);
        Assert.Null(await Store.GetAsync("/registry/big", Cancel));
    }

    [Fact]
    public async Task Txn_ConcurrentIncrements_NoneIsLost()
    {
        const int writers = 8, increments = 20;
        await PutAsync("/registry/counter", "0");

        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(() => IncrementAsync("/registry/counter", increments))));

        Assert.Equal($"{writers * increments}", Text((await Store.GetAsync("/registry/counter", Cancel))!));
    }

    [Fact]
    public async Task Range_Prefix_OrderedByBytesAndExact()
    {
        foreach (var key in new[] { "/registry/pods/b", "/registry/pods/a/x", "/registry/pods/a", "/registry/podsx", "/registry/pod", "/registry/pods/é" })
            await PutAsync(key, key);

        var range = await Store.RangeAsync("/registry/pods/", null, 0, 0, Cancel);

        Assert.Equal(["/registry/pods/a", "/registry/pods/a/x", "/registry/pods/b", "/registry/pods/é"], range.Entries.Select(entry => entry.Key));
        Assert.Equal((false, 0L, await Store.GetRevisionAsync(Cancel)), (range.More, range.RemainingCount, range.Revision));
    }

    [Fact]
    public async Task Range_Pages_ShowOneRevision()
    {
        for (var i = 0; i < 7; i++)
            await PutAsync($"/registry/pods/{i}", "old");
        var first = await Store.RangeAsync("/registry/pods/", null, 3, 0, Cancel);
        await PutAsync("/registry/pods/4", "new");
        await PutAsync("/registry/pods/44", "new");
        await DeleteAsync("/registry/pods/5");

        var second = await Store.RangeAsync("/registry/pods/", first.Entries[^1].Key, 3, first.Revision, Cancel);
        var third = await Store.RangeAsync("/registry/pods/", second.Entries[^1].Key, 3, first.Revision, Cancel);

        Assert.Equal((true, 4L), (first.More, first.RemainingCount));
        Assert.Equal((true, 1L), (second.More, second.RemainingCount));
        Assert.Equal((false, 0L), (third.More, third.RemainingCount));
        StoreEntry[] all = [.. first.Entries, .. second.Entries, .. third.Entries];
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"/registry/pods/{i}"), all.Select(entry => entry.Key));
        Assert.All(all, entry => Assert.Equal("old", Text(entry)));
        Assert.All([first, second, third], page => Assert.Equal(first.Revision, page.Revision));
    }

    [Fact]
    public async Task Range_PagesOfManyKeysWithHistory_OrderedAndCounted()
    {
        for (var i = 0; i < 300; i += 100)
            await Store.TxnAsync(new StoreTxn([], [.. Enumerable.Range(i, 100).Select(n => Put($"/registry/pods/{n * 7919 % 300:D3}", "old"))]), Cancel);
        await Store.TxnAsync(new StoreTxn([], [.. Enumerable.Range(0, 100).Select(n => n % 2 == 0 ? Delete($"/registry/pods/{n:D3}") : Put($"/registry/pods/{n:D3}", "new"))]), Cancel);

        var keys = new List<string>();
        StoreRange page;
        do
        {
            page = await Store.RangeAsync("/registry/pods/", keys.Count == 0 ? null : keys[^1], 60, 0, Cancel);
            keys.AddRange(page.Entries.Select(entry => entry.Key));
            Assert.Equal(250, keys.Count + page.RemainingCount);
        }
        while (page.More);

        Assert.Equal(Enumerable.Range(0, 300).Where(n => n >= 100 || n % 2 == 1).Select(n => $"/registry/pods/{n:D3}"), keys);
    }

    [Fact]
    public async Task Range_CompactedRevision_Throws()
    {
        var old = await PutAsync("/registry/a", "1");
        var newer = await PutAsync("/registry/a", "2");
        await PutAsync("/registry/a", "3");
        await DeleteAsync("/registry/a");
        await Store.CompactAsync(newer, Cancel);

        await Assert.ThrowsAsync<CompactedException>(async () => await Store.RangeAsync("/registry/", null, 0, old, Cancel));
        Assert.Equal("2", Text(Assert.Single((await Store.RangeAsync("/registry/", null, 0, newer, Cancel)).Entries)));
    }

    [Fact]
    public async Task Range_FutureRevision_Refused()
    {
        var revision = await PutAsync("/registry/a", "1");

        await Assert.ThrowsAsync<StoreException>(async () => await Store.RangeAsync("/registry/", null, 0, revision + 1000, Cancel));
    }

    [Fact]
    public async Task Compact_NewestEntries_Stay()
    {
        await PutAsync("/registry/a", "1");
        await PutAsync("/registry/a", "2");
        await PutAsync("/registry/b", "1");
        await DeleteAsync("/registry/b");
        var last = await PutAsync("/registry/c", "1");

        await Store.CompactAsync(last, Cancel);
        await Store.CompactAsync(last, Cancel);

        var range = await Store.RangeAsync("/registry/", null, 0, 0, Cancel);
        Assert.Equal(["/registry/a=2", "/registry/c=1"], range.Entries.Select(entry => $"{entry.Key}={Text(entry)}"));
    }

    [Fact]
    public async Task Watch_PutUpdateDelete_DeliversEachWithPrevious()
    {
        var start = await Store.GetRevisionAsync(Cancel);
        var created = await PutAsync("/registry/pods/a", "1");
        await PutAsync("/registry/services/a", "1");
        var updated = await PutAsync("/registry/pods/a", "2");
        var deleted = await DeleteAsync("/registry/pods/a");

        var seen = await TakeAsync("/registry/pods/", start, 3);

        Assert.Equal([created, updated, deleted], seen.Select(changes => changes.Revision));
        var changes = seen.Select(revision => Assert.Single(revision.Changes)).ToArray();
        Assert.All(changes, change => Assert.Equal("/registry/pods/a", change.Key));
        Assert.Equal((null, "1"), (TextOrNull(changes[0].Previous), TextOrNull(changes[0].Entry)));
        Assert.Equal(("1", "2"), (TextOrNull(changes[1].Previous), TextOrNull(changes[1].Entry)));
        Assert.Equal(("2", null), (TextOrNull(changes[2].Previous), TextOrNull(changes[2].Entry)));
        Assert.Equal((updated, created), (changes[1].Entry!.ModRevision, changes[1].Entry!.CreateRevision));
    }

    [Fact]
    public async Task Watch_Transaction_ArrivesWhole()
    {
        // With the values before, the change is larger than the message in which etcd sends it: it comes in parts.
        var operations = Enumerable.Range(0, 100).Select(i => new StoreOp($"/registry/pods/{i:D3}", new byte[14_000])).ToArray();
        var start = (await Store.TxnAsync(new StoreTxn([], operations), Cancel)).Revision;
        var result = await Store.TxnAsync(new StoreTxn([], [.. operations, Put("/registry/nodes/n", "ledger")]), Cancel);

        var whole = Assert.Single(await TakeAsync("/registry/", start, 1));
        var pods = Assert.Single(await TakeAsync("/registry/pods/", start, 1));

        Assert.Equal((result.Revision, 101), (whole.Revision, whole.Changes.Count));
        Assert.Equal((result.Revision, 100), (pods.Revision, pods.Changes.Count));
        Assert.All(pods.Changes, change => Assert.NotNull(change.Previous));
    }

    [Fact]
    public async Task Watch_OpenedBeforeWrites_SeesEachInOrder()
    {
        var start = await Store.GetRevisionAsync(Cancel);
        var watching = TakeAsync("/registry/pods/", start, 200);

        var revisions = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => PutAsync($"/registry/pods/{i}", $"{i}")));

        Assert.Equal(revisions.Order(), (await watching).Select(changes => changes.Revision));
    }

    [Fact]
    public async Task Watch_AfterOldRevision_ContinuesExactlyThere()
    {
        var revisions = new List<long>();
        for (var i = 0; i < 50; i++)
            revisions.Add(await PutAsync("/registry/pods/a", $"{i}"));

        var seen = await TakeAsync("/registry/pods/", revisions[19], 30);

        Assert.Equal(revisions.Skip(20), seen.Select(changes => changes.Revision));
    }

    [Fact]
    public async Task Watch_CompactedRevision_Throws()
    {
        var old = await PutAsync("/registry/a", "1");
        await PutAsync("/registry/a", "2");
        var newest = await PutAsync("/registry/a", "3");
        await Store.CompactAsync(newest, Cancel);

        await Assert.ThrowsAsync<CompactedException>(() => TakeAsync("/registry/", old, 1));
    }

    [Fact]
    public async Task Watch_AfterCompactedRevisionItself_GoesOn()
    {
        await PutAsync("/registry/a", "1");
        var compacted = await PutAsync("/registry/a", "2");
        var next = await PutAsync("/registry/a", "3");
        await Store.CompactAsync(compacted, Cancel);

        Assert.Equal(next, Assert.Single(await TakeAsync("/registry/", compacted, 1)).Revision);
    }

    [Fact]
    public async Task Watch_Cancelled_Ends()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var watch = Store.WatchAsync("/registry/", await Store.GetRevisionAsync(Cancel), cancel.Token).GetAsyncEnumerator(cancel.Token);
        var next = watch.MoveNextAsync();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        await watch.DisposeAsync();
    }

    [Fact]
    public async Task TimeToLive_Over_KeyIsDeletedAndWatchersTold()
    {
        var start = await Store.GetRevisionAsync(Cancel);
        await Store.TxnAsync(
            new StoreTxn([], [Put("/registry/events/a", "x") with { TimeToLive = TimeSpan.FromSeconds(2) }, Put("/registry/events/b", "stays")]), Cancel);
        await PassAsync(TimeSpan.FromSeconds(2));

        var seen = await TakeAsync("/registry/events/", start, 2);

        var deletion = Assert.Single(seen[1].Changes);
        Assert.Equal(("/registry/events/a", "x"), (deletion.Key, TextOrNull(deletion.Previous)));
        Assert.Null(deletion.Entry);
        Assert.Equal("/registry/events/b", Assert.Single((await Store.RangeAsync("/registry/events/", null, 0, 0, Cancel)).Entries).Key);
    }

    /// <summary>Lets so much time pass for the store.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    protected abstract Task<IStore> OpenAsync();

    protected abstract Task CloseAsync();

    protected static StoreOp Put(string key, string value) => new(key, Encoding.UTF8.GetBytes(value));

    protected static StoreOp Delete(string key) => new(key, null);

    protected static string Text(StoreEntry entry) => Encoding.UTF8.GetString(entry.Value.Span);

    protected async Task<long> PutAsync(string key, string value) =>
        (await Store.TxnAsync(new StoreTxn([], [Put(key, value)]), Cancel)).Revision;

    protected async Task<long> DeleteAsync(string key) => (await Store.TxnAsync(new StoreTxn([], [Delete(key)]), Cancel)).Revision;

    protected async Task<List<StoreChanges>> TakeAsync(string prefix, long after, int count)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(Patience);
        var seen = new List<StoreChanges>();
        await foreach (var changes in Store.WatchAsync(prefix, after, patience.Token))
        {
            seen.Add(changes);
            if (seen.Count == count)
                break;
        }

        return seen;
    }

    private static string? TextOrNull(StoreEntry? entry) => entry is null ? null : Text(entry);

    private async Task IncrementAsync(string key, int times)
    {
        for (var done = 0; done < times;)
        {
            var entry = (await Store.GetAsync(key, Cancel))!;
            var next = $"{int.Parse(Text(entry), null) + 1}";
            if ((await Store.TxnAsync(new StoreTxn([new(key, entry.ModRevision)], [Put(key, next)]), Cancel)).Succeeded)
                done++;
        }
    }
}
