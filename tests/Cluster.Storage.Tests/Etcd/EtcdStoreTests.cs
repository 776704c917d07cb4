using System.Collections.Concurrent;
using Cluster.Storage.Etcd;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Etcd;

public sealed class EtcdStoreTests : IAsyncLifetime
{
    private const int Writers = 8;

    private EtcdProcess _etcd = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        _etcd = await EtcdProcess.StartNewAsync();
    }

    public async ValueTask DisposeAsync() => await _etcd.DisposeAsync();

    [Fact]
    public async Task KillNineUnderWrites_NoEventAndNoAcknowledgedWrite_IsLost()
    {
        await using var store = await ConnectAsync();
        var start = await store.GetRevisionAsync(Cancel);
        var watched = WatchUntilAsync(store, start, "/registry/last");
        using var stop = new CancellationTokenSource();
        var acknowledged = new ConcurrentDictionary<string, long>();
        var writing = Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(store, writer, acknowledged, stop.Token))).ToArray();

        for (var round = 1; round <= 3; round++)
        {
            var before = acknowledged.Count;
            await Eventually.True(() => acknowledged.Count > before + 100, "writes");
            await _etcd.KillAsync();
            await _etcd.StartAsync();
        }

        var end = acknowledged.Count;
        await Eventually.True(() => acknowledged.Count > end + 100, "writes after the last restart");
        await stop.CancelAsync();
        await Task.WhenAll(writing);
        await PutUntilAcknowledgedAsync(store, "/registry/last");

        var events = await watched;
        var stored = (await store.RangeAsync("/registry/", null, 0, 0, Cancel)).Entries.ToDictionary(entry => entry.Key, entry => entry.ModRevision);
        Assert.All(acknowledged, write => Assert.Equal(write.Value, stored[write.Key]));
        Assert.Equal(stored.OrderBy(pair => pair.Value), events.Select(change => KeyValuePair.Create(change.Key, change.Entry!.ModRevision)));
    }

    [Fact]
    public async Task Watch_FromBeforeThisProcess_IsAskedOfEtcd()
    {
        long start;
        await using (var before = await ConnectAsync())
        {
            start = await PutAsync(before, "/registry/a");
            await PutAsync(before, "/registry/b");
        }

        await using var store = await ConnectAsync();
        await PutAsync(store, "/registry/c");
        var seen = await store.WatchAsync("/registry/", start, Cancel).Take(2).ToListAsync(Cancel);

        Assert.Equal(["/registry/b", "/registry/c"], seen.Select(revision => revision.Changes[0].Key));
    }

    [Fact]
    public async Task Watch_SlowerThanMemory_GetsEveryRevision()
    {
        await using var store = await ConnectAsync(options => options with { RecentRevisions = 4 });
        await using var slow = store.WatchAsync("/registry/", await store.GetRevisionAsync(Cancel), Cancel).GetAsyncEnumerator(Cancel);
        var first = await PutAsync(store, "/registry/a");
        Assert.True(await slow.MoveNextAsync());

        for (var i = 0; i < 50; i++)
            await PutAsync(store, "/registry/a");

        for (var i = 1; i <= 50; i++)
        {
            Assert.True(await slow.MoveNextAsync());
            Assert.Equal(first + i, slow.Current.Revision);
        }
    }

    [Fact]
    public async Task Watch_OfTwoStores_EachSeesTheOthersWrites()
    {
        await using var one = await ConnectAsync();
        await using var two = await ConnectAsync();
        var start = await two.GetRevisionAsync(Cancel);

        var written = await PutAsync(one, "/registry/a");

        Assert.Equal(written, (await two.WatchAsync("/registry/", start, Cancel).FirstAsync(Cancel)).Revision);
        Assert.Equal(written, await two.GetRevisionAsync(Cancel));
    }

    [Fact]
    public async Task Endpoints_FirstIsDead_SecondIsUsed()
    {
        var dead = new Uri($"http://127.0.0.1:{FreePort.Tcp()}");
        await using var store = await ConnectAsync(options => options with { Endpoints = [dead, _etcd.Endpoint] });

        var start = await store.GetRevisionAsync(Cancel);
        var written = await PutAsync(store, "/registry/a");

        Assert.Equal(written, (await store.WatchAsync("/registry/", start, Cancel).FirstAsync(Cancel)).Revision);
    }

    [Fact]
    public async Task Connect_NobodyThere_ErrorNamesEndpoint()
    {
        var dead = new Uri($"http://127.0.0.1:{FreePort.Tcp()}");
        var options = new EtcdStoreOptions { Endpoints = [dead], RequestTimeout = TimeSpan.FromMilliseconds(500) };

        var error = await Assert.ThrowsAsync<StoreException>(() => EtcdStore.ConnectAsync(options, Cancel));

        Assert.Contains(dead.ToString(), error.Message, StringComparison.Ordinal);
        Assert.True(error.NotApplied, $"{error}");
    }

    [Fact]
    public async Task Txn_EtcdDown_RefusedAfterRequestTimeout()
    {
        await using var store = await ConnectAsync(options => options with { RequestTimeout = TimeSpan.FromSeconds(1) });
        await _etcd.KillAsync();

        await Assert.ThrowsAsync<StoreException>(() => PutAsync(store, "/registry/a"));
    }

    [Fact]
    public async Task Compaction_Periodic_ForgetsHistory()
    {
        await using var store = await ConnectAsync(options => options with { CompactionInterval = TimeSpan.FromMilliseconds(200) });
        var old = await PutAsync(store, "/registry/a");
        await PutAsync(store, "/registry/a");

        await Eventually.True(() => IsCompactedAsync(store, old), "compaction of the first revision");

        Assert.NotNull(await store.GetAsync("/registry/a", Cancel));
    }

    [Fact]
    public async Task Compaction_Turn_ReachesWatchersOfTheRoot()
    {
        await using var store = await ConnectAsync(options => options with { CompactionInterval = TimeSpan.FromMilliseconds(200) });
        var start = await PutAsync(store, "/registry/a");

        var first = await store.WatchAsync("/registry/", start, Cancel).FirstAsync(Cancel);

        Assert.Equal(start + 1, first.Revision);
    }

    private static async Task WriteAsync(IStore store, int writer, ConcurrentDictionary<string, long> acknowledged, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var key = $"/registry/pods/{writer}-{i}";
            try
            {
                acknowledged[key] = await PutAsync(store, key);
            }
            catch (StoreException)
            {
                // not acknowledged: it may or may not be there
            }
        }
    }

    private static async Task PutUntilAcknowledgedAsync(IStore store, string key) =>
        await Eventually.True(
            async () =>
            {
                try
                {
                    return (await store.TxnAsync(new StoreTxn([new(key, 0)], [new StoreOp(key, new byte[1])]), Cancel)).Revision > 0;
                }
                catch (StoreException)
                {
                    return false;
                }
            },
            "the last write");

    private static async Task<List<StoreChange>> WatchUntilAsync(IStore store, long after, string lastKey)
    {
        var changes = new List<StoreChange>();
        await foreach (var revision in store.WatchAsync("/registry/", after, Cancel))
        {
            changes.AddRange(revision.Changes);
            if (changes[^1].Key == lastKey)
                break;
        }

        return changes;
    }

    private static async Task<bool> IsCompactedAsync(IStore store, long revision)
    {
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

    private static async Task<long> PutAsync(IStore store, string key) =>
        (await store.TxnAsync(new StoreTxn([], [new StoreOp(key, new byte[100])]), Cancel)).Revision;

    private Task<EtcdStore> ConnectAsync(Func<EtcdStoreOptions, EtcdStoreOptions>? change = null)
    {
        var options = new EtcdStoreOptions { Endpoints = [_etcd.Endpoint] };
        return EtcdStore.ConnectAsync(change?.Invoke(options) ?? options, Cancel);
    }
}
