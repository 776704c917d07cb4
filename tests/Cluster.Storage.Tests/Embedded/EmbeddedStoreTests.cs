using System.Text;
using Cluster.Storage.Embedded;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Storage.Tests.Embedded;

public sealed class EmbeddedStoreTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Open_SecondOwner_ErrorNamesFileAndOwner()
    {
        await using var first = await OpenAsync();

        var error = await Assert.ThrowsAsync<StoreException>(() => OpenAsync());

        Assert.Contains(_directory.File("lock"), error.Message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_AfterClose_ContinuesRevisionAndKeepsEntries()
    {
        long revision;
        await using (var store = await OpenAsync())
        {
            await PutAsync(store, "/registry/a", "1");
            await PutAsync(store, "/registry/b", "2");
            revision = (await store.TxnAsync(new StoreTxn([], [new StoreOp("/registry/b", null)]), Cancel)).Revision;
            await store.CompactAsync(revision, Cancel);
        }

        await using var again = await OpenAsync();

        Assert.Equal(revision, await again.GetRevisionAsync(Cancel));
        Assert.Equal("/registry/a", Assert.Single((await again.RangeAsync("/registry/", null, 0, 0, Cancel)).Entries).Key);
        Assert.Equal(revision + 1, await PutAsync(again, "/registry/c", "3"));
    }

    [Fact]
    public async Task Open_FileOfAnotherKind_ErrorNamesIt()
    {
        await File.WriteAllTextAsync(_directory.File("state.db"), new string('x', 8192), Cancel);

        var error = await Assert.ThrowsAsync<StoreException>(() => OpenAsync());

        Assert.Contains(_directory.File("state.db"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_NewFile_OnlyTheOwnerMayRead()
    {
        await using var store = await OpenAsync();
        await PutAsync(store, "/registry/a", "1");

        foreach (var file in Directory.GetFiles(_directory.Path, "state.db*"))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(file).UnixFileMode);
    }

    [Fact]
    public async Task Compaction_OldHistory_KeepsRetainedTimeAndRevisions()
    {
        await using var store = await OpenAsync(options => options with { RetainedRevisions = 10 });
        var first = await PutAsync(store, "/registry/a", "first");
        for (var i = 0; i < 30; i++)
            await PutAsync(store, "/registry/a", $"{i}");
        var last = await store.GetRevisionAsync(Cancel);

        await AdvanceMinutesAsync(4);
        Assert.Equal("first", await ValueAtAsync(store, first));
        await Eventually.True(() => IsCompactedAMinuteLaterAsync(store, last - 11), "compaction up to the retained revisions");
        Assert.Equal("19", await ValueAtAsync(store, last - 10));
    }

    [Fact]
    public async Task Compaction_RecentHistory_IsKeptThoughRevisionsAreMany()
    {
        await using var store = await OpenAsync(options => options with { RetainedRevisions = 10 });
        await AdvanceMinutesAsync(10);
        var first = await PutAsync(store, "/registry/a", "first");
        for (var i = 0; i < 30; i++)
            await PutAsync(store, "/registry/a", $"{i}");

        await AdvanceMinutesAsync(3);

        Assert.Equal("first", await ValueAtAsync(store, first));
    }

    [Fact]
    public async Task Watch_FartherBackThanMemory_ReadsTheTable()
    {
        await using var store = await OpenAsync(options => options with { RecentRevisions = 8 });
        var start = await store.GetRevisionAsync(Cancel);
        var written = new List<long>();
        for (var i = 0; i < 700; i++)
            written.Add((await store.TxnAsync(new StoreTxn([], [Put("/registry/a", $"{i}"), Put($"/registry/b/{i}", "x")]), Cancel)).Revision);

        var seen = await store.WatchAsync("/registry/", start, Cancel).Take(700).ToListAsync(Cancel);

        Assert.Equal(written, seen.Select(changes => changes.Revision));
        Assert.All(seen, changes => Assert.Equal(2, changes.Changes.Count));
        Assert.Equal("698", Encoding.UTF8.GetString(seen[^1].Changes[0].Previous!.Value.Span));
    }

    [Fact]
    public async Task Watch_StoreReopened_ContinuesFromBefore()
    {
        long start;
        await using (var store = await OpenAsync())
        {
            start = await PutAsync(store, "/registry/a", "1");
            await PutAsync(store, "/registry/a", "2");
        }

        await using var again = await OpenAsync();
        await PutAsync(again, "/registry/a", "3");
        var seen = await again.WatchAsync("/registry/", start, Cancel).Take(2).ToListAsync(Cancel);

        Assert.Equal([start + 1, start + 2], seen.Select(changes => changes.Revision));
    }

    [Fact]
    public async Task Watch_NeverRead_DoesNotHoldWritersBack()
    {
        await using var store = await OpenAsync(options => options with { RecentRevisions = 4 });
        await using var stuck = store.WatchAsync("/registry/", 1, Cancel).GetAsyncEnumerator(Cancel);
        await PutAsync(store, "/registry/a", "1");
        Assert.True(await stuck.MoveNextAsync());

        for (var i = 0; i < 100; i++)
            await PutAsync(store, "/registry/a", $"{i}");
        await store.CompactAsync(await store.GetRevisionAsync(Cancel), Cancel);

        await Assert.ThrowsAsync<CompactedException>(async () => await stuck.MoveNextAsync());
    }

    [Fact]
    public async Task TimeToLive_KeyWrittenAnewWithoutIt_Stays()
    {
        await using var store = await OpenAsync();
        await store.TxnAsync(new StoreTxn([], [Put("/registry/a", "1") with { TimeToLive = TimeSpan.FromSeconds(5) }]), Cancel);
        await store.TxnAsync(new StoreTxn([], [Put("/registry/b", "1") with { TimeToLive = TimeSpan.FromSeconds(5) }]), Cancel);
        await PutAsync(store, "/registry/a", "2");

        _time.Advance(TimeSpan.FromSeconds(10));

        await Eventually.True(async () => await store.GetAsync("/registry/b", Cancel) is null, "expiry of the key with a time");
        Assert.NotNull(await store.GetAsync("/registry/a", Cancel));
    }

    [Fact]
    public async Task Dispose_WatchersAndLaterCalls_AreToldTheStoreIsClosed()
    {
        var store = await OpenAsync();
        var watch = store.WatchAsync("/registry/", 1, Cancel).GetAsyncEnumerator(Cancel);
        var next = watch.MoveNextAsync();
        await store.DisposeAsync();

        await Assert.ThrowsAsync<StoreException>(async () => await next);
        await Assert.ThrowsAsync<StoreException>(async () => await PutAsync(store, "/registry/a", "1"));
        await Assert.ThrowsAsync<StoreException>(async () => await store.GetAsync("/registry/a", Cancel));
    }

    private static StoreOp Put(string key, string value) => new(key, Encoding.UTF8.GetBytes(value));

    private static async Task<long> PutAsync(IStore store, string key, string value) =>
        (await store.TxnAsync(new StoreTxn([], [Put(key, value)]), Cancel)).Revision;

    private static async Task<string> ValueAtAsync(IStore store, long revision) =>
        Encoding.UTF8.GetString(Assert.Single((await store.RangeAsync("/registry/a", null, 0, revision, Cancel)).Entries).Value.Span);

    private async Task<bool> IsCompactedAMinuteLaterAsync(IStore store, long revision)
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        try
        {
            await store.RangeAsync("/registry/", null, 0, revision, Cancel);
            return false;
        }
        catch (CompactedException)
        {
            return true;
        }
    }

    private Task<EmbeddedStore> OpenAsync(Func<EmbeddedStoreOptions, EmbeddedStoreOptions>? change = null)
    {
        var options = new EmbeddedStoreOptions { Directory = _directory.Path, Time = _time };
        return EmbeddedStore.OpenAsync(change?.Invoke(options) ?? options);
    }

    // Minute by minute, each seen by the store's timer before the next.
    private async Task AdvanceMinutesAsync(int minutes)
    {
        for (var i = 0; i < minutes; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(20, Cancel);
        }
    }
}
