using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Tests.Registry;
using Cluster.ApiServer.WatchCache;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.WatchCache;

public sealed class CacheWatchTests : IAsyncLifetime
{
    private RegistryRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await RegistryRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Read_FromAVersion_TellsAllChangesInOrder()
    {
        var first = await _rig.CreateAsync(RegistryRig.ConfigMap("first"));
        var events = await WatchAsync(new ListOptions { ResourceVersion = first.Metadata.ResourceVersion }, 3, async () =>
        {
            var second = (await _rig.CreateAsync(RegistryRig.ConfigMap("second"))).Clone();
            second.Data["key"] = "2";
            await _rig.UpdateAsync(second);
            await _rig.Registry.DeleteAsync(RegistryRig.Scope<ConfigMap>("second"), new DeleteOptions(), default);
        });

        Assert.Equal(["Added second", "Modified second", "Deleted second"], events.Select(Text));
        var versions = events.ConvertAll(change => long.Parse(Meta(change).ResourceVersion, null));
        Assert.Equal(versions.Order(), versions);
        Assert.Equal("2", ((ConfigMap)events[2].Object.Message).Data["key"]);
    }

    [Fact]
    public async Task Read_WithoutAVersion_BeginsWithTheStateNow()
    {
        await _rig.CreateAsync(RegistryRig.ConfigMap("old"));
        var events = await WatchAsync(new ListOptions(), 2, () => _rig.CreateAsync(RegistryRig.ConfigMap("young")));

        Assert.Equal(["Added old", "Added young"], events.Select(Text));
    }

    [Fact]
    public async Task Read_LabelSelector_ObjectsEnterAndLeave()
    {
        var map = (await _rig.CreateAsync(RegistryRig.ConfigMap("one"))).Clone();
        var options = new ListOptions { ResourceVersion = map.Metadata.ResourceVersion, LabelSelector = "app=web" };
        var events = await WatchAsync(options, 3, async () =>
        {
            map.Metadata.Labels["app"] = "web";
            map = (await _rig.UpdateAsync(map)).Clone();
            map.Data["key"] = "2";
            map = (await _rig.UpdateAsync(map)).Clone();
            map.Metadata.Labels["app"] = "db";
            map = (await _rig.UpdateAsync(map)).Clone();
        });

        Assert.Equal(["Added one", "Modified one", "Deleted one"], events.Select(Text));
        // The state that still matched, with the version of the change that ended it.
        Assert.Equal("web", Meta(events[2]).Labels["app"]);
        Assert.Equal(map.Metadata.ResourceVersion, Meta(events[2]).ResourceVersion);
    }

    [Fact]
    public async Task Read_FieldSelector_SeesOneNameAlone()
    {
        var events = await WatchAsync(new ListOptions { FieldSelector = "metadata.name=b" }, 1, async () =>
        {
            await _rig.CreateAsync(RegistryRig.ConfigMap("a"));
            await _rig.CreateAsync(RegistryRig.ConfigMap("b"));
        });

        Assert.Equal(["Added b"], events.Select(Text));
    }

    [Fact]
    public async Task Read_SendInitialEvents_MarksTheirEnd()
    {
        await _rig.CreateAsync(RegistryRig.ConfigMap("old"));
        var events = await WatchAsync(
            new ListOptions { SendInitialEvents = true, ResourceVersionMatch = "NotOlderThan", AllowWatchBookmarks = true },
            2,
            () => Task.CompletedTask);

        Assert.Equal(ResourceEventType.Bookmark, events[1].Type);
        Assert.Equal("true", Meta(events[1]).Annotations["k8s.io/initial-events-end"]);
        Assert.NotEqual("", Meta(events[1]).ResourceVersion);
    }

    [Fact]
    public async Task Watch_VersionBeforeTheCachesStart_IsExpired()
    {
        await _rig.CreateAsync(RegistryRig.ConfigMap("one"));
        await _rig.RestartWithoutHistoryAsync();
        var failure = await Assert.ThrowsAsync<StatusException>(async () =>
            await _rig.Registry.WatchAsync(RegistryRig.Scope<ConfigMap>(), new ListOptions { ResourceVersion = "1" }, default));

        Assert.Equal(410, failure.Code);
        Assert.Equal("Expired", failure.Reason);
        Assert.StartsWith("too old resource version: 1 (", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_AfterARestart_ResumesWhereTheClientWas()
    {
        var first = await _rig.CreateAsync(RegistryRig.ConfigMap("first"));
        await _rig.CreateAsync(RegistryRig.ConfigMap("second"));
        await using var again = await RegistryRig.HostOn(_rig.Store);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var watch = await again.Registry.WatchAsync(
            RegistryRig.Scope<ConfigMap>(), new ListOptions { ResourceVersion = first.Metadata.ResourceVersion }, default);
        await using var batches = watch.ReadAsync(patience.Token).GetAsyncEnumerator(patience.Token);

        Assert.True(await batches.MoveNextAsync());
        Assert.Equal(["Added second"], batches.Current.Select(Text));
    }

    [Fact]
    public async Task Read_FellBehindTheRing_IsExpiredAlone()
    {
        var ring = new EventRing(TimeProvider.System, initialCapacity: 2, maxCapacity: 2);
        var cache = new ResourceCache(Versions.ConfigMaps, ring, NullLogger.Instance);
        var feed = new StoreFeed(_rig.Store, [cache], [], TimeProvider.System, NullLogger.Instance);
        var filter = ObjectFilter.Of(Versions.ConfigMaps, "default", "", "");
        var slow = new CacheWatch(cache, feed, filter, new WatchStart(ring.Head, 0, null), TimeProvider.System);
        await using var batches = slow.ReadAsync(default).GetAsyncEnumerator();
        for (var i = 1; i <= 3; i++)
            ring.Append(i, Versions.Of($"/registry/configmaps/default/m{i}", i), null);
        var quick = new CacheWatch(cache, feed, filter, new WatchStart(ring.Head - 1, 0, null), TimeProvider.System);
        await using var newest = quick.ReadAsync(default).GetAsyncEnumerator();

        var failure = await Assert.ThrowsAsync<StatusException>(async () => await batches.MoveNextAsync());
        Assert.True(failure.IsGone);
        Assert.True(await newest.MoveNextAsync());
        Assert.Single(newest.Current);
    }

    [Fact]
    public async Task Read_ManyInitialObjects_ComeInBoundedBatches()
    {
        var (watch, _) = OverObjects(1200);
        using var stop = new CancellationTokenSource();
        await using var batches = watch.ReadAsync(stop.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        List<int> sizes = [];
        List<string> names = [];
        var started = 0;
        watch.Started = () => started++;
        while (names.Count < 1200 && await batches.MoveNextAsync())
        {
            sizes.Add(batches.Current.Count);
            names.AddRange(batches.Current.Select(change => Meta(change).Name));
        }

        Assert.Equal([.. Enumerable.Repeat(128, 9), 48], sizes);
        // Only when the last of them was taken.
        Assert.Equal(0, started);
        var next = batches.MoveNextAsync().AsTask();
        await Eventually.True(() => started == 1);
        await stop.CancelAsync();
        Assert.False(await next);
        Assert.Equal(1, started);
        Assert.Equal(names.Order(StringComparer.Ordinal).Distinct(), names);
    }

    [Fact]
    public async Task Read_InitialObjectsSent_LetsGoOfThem()
    {
        var (watch, first) = OverObjects(10);
        using var stop = new CancellationTokenSource();
        await using var batches = watch.ReadAsync(stop.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await batches.MoveNextAsync());
        var waiting = batches.MoveNextAsync().AsTask();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.False(waiting.IsCompleted);
        Assert.False(first.TryGetTarget(out _));
        await stop.CancelAsync();
        Assert.False(await waiting);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private (CacheWatch Watch, WeakReference<ObjectVersion> First) OverObjects(int count)
    {
        var ring = new EventRing(TimeProvider.System);
        var cache = new ResourceCache(Versions.ConfigMaps, ring, NullLogger.Instance);
        var feed = new StoreFeed(_rig.Store, [cache], [], TimeProvider.System, NullLogger.Instance);
        var objects = Enumerable.Range(0, count).Select(i => Versions.Of($"/registry/configmaps/default/m{i:0000}")).ToList();
        var start = new WatchStart(ring.Head, 0, SortedSnapshot.FromSorted(objects));
        return (new CacheWatch(cache, feed, ObjectFilter.Of(Versions.ConfigMaps, "default", "", ""), start, TimeProvider.System), new(objects[0]));
    }

    [Fact]
    public async Task Read_FromAListUnderWrites_EndsAtTheStoresState()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var writing = Task.Run(async () =>
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(() => WriteAsync(writer))));
            await _rig.CreateAsync(RegistryRig.ConfigMap("last"));
        });
        var list = await _rig.Registry.ListAsync(RegistryRig.Scope<ConfigMap>(), new ListOptions(), default);
        var state = list.Items.ToDictionary(item => item.Object.Metadata.Name, item => item.Object.Metadata.ResourceVersion);
        var options = new ListOptions { ResourceVersion = ResourceVersions.Format(list.Revision) };
        var watch = await _rig.Registry.WatchAsync(RegistryRig.Scope<ConfigMap>(), options, default);
        await using var batches = watch.ReadAsync(patience.Token).GetAsyncEnumerator();
        while (!state.ContainsKey("last"))
        {
            Assert.True(await batches.MoveNextAsync());
            foreach (var change in batches.Current)
                Apply(state, change);
        }

        await writing;
        var end = await _rig.Registry.ListAsync(RegistryRig.Scope<ConfigMap>(), new ListOptions(), default);
        Assert.Equal(end.Items.ToDictionary(item => item.Object.Metadata.Name, item => item.Object.Metadata.ResourceVersion), state);
    }

    [Fact]
    public async Task Read_QuietMinute_SendsABookmarkOfTheStoresRevision()
    {
        var time = new FakeTimeProvider();
        var cache = new ResourceCache(Versions.ConfigMaps, new EventRing(time), NullLogger.Instance);
        var feed = new StoreFeed(_rig.Store, [cache], [], time, NullLogger.Instance);
        var revision = await feed.LoadAsync(default);
        var filter = ObjectFilter.Of(Versions.ConfigMaps, "default", "", "");
        var watch = new CacheWatch(cache, feed, filter, new WatchStart(cache.Ring.Head, 0, null) { Bookmarks = true }, time);
        await using var batches = watch.ReadAsync(default).GetAsyncEnumerator();
        var next = batches.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(61));

        Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(ResourceEventType.Bookmark, batches.Current[0].Type);
        Assert.Equal(ResourceVersions.Format(feed.Revision), Meta(batches.Current[0]).ResourceVersion);
        Assert.True(feed.Revision <= revision);
    }

    [Theory]
    [InlineData(30, 28)]
    // The regular one comes first; one that ends at once has none before its end.
    [InlineData(90, 60)]
    [InlineData(2, 60)]
    [InlineData(null, 60)]
    public async Task Read_QuietWithAKnownEnd_SendsABookmarkShortlyBeforeIt(int? lifetime, int expected)
    {
        var time = new FakeTimeProvider();
        var cache = new ResourceCache(Versions.ConfigMaps, new EventRing(time), NullLogger.Instance);
        var feed = new StoreFeed(_rig.Store, [cache], [], time, NullLogger.Instance);
        await feed.LoadAsync(default);
        var filter = ObjectFilter.Of(Versions.ConfigMaps, "default", "", "");
        var stored = new CacheWatch(cache, feed, filter, new WatchStart(cache.Ring.Head, 0, null) { Bookmarks = true }, time);
        var watch = new ConvertedWatch(stored, Versions.ConfigMaps) { Lifetime = lifetime is { } seconds ? TimeSpan.FromSeconds(seconds) : null };
        await using var batches = watch.ReadAsync(default).GetAsyncEnumerator();
        var next = batches.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(expected - 1));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(ResourceEventType.Bookmark, batches.Current[0].Type);
    }

    [Fact]
    public async Task Read_ManyWatchers_ShareOneEncodedObject()
    {
        var version = (await _rig.CreateAsync(RegistryRig.ConfigMap("start"))).Metadata.ResourceVersion;
        var watchers = Enumerable.Range(0, 200).Select(_ => WatchAsync(
            new ListOptions { ResourceVersion = version }, 1, () => Task.CompletedTask)).ToList();
        await _rig.CreateAsync(RegistryRig.ConfigMap("shared"));
        var all = await Task.WhenAll(watchers);

        Assert.Single(all.Select(events => events[0].Object).Distinct());
    }

    private async Task<List<ResourceEvent>> WatchAsync(ListOptions options, int count, Func<Task> change)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var watch = await _rig.Registry.WatchAsync(RegistryRig.Scope<ConfigMap>(), options, patience.Token);
        var changing = change();
        List<ResourceEvent> events = [];
        await foreach (var batch in watch.ReadAsync(patience.Token))
        {
            events.AddRange(batch);
            if (events.Count >= count)
                break;
        }

        await changing;
        Assert.Equal(count, events.Count);
        return events;
    }

    private async Task WriteAsync(int writer)
    {
        for (var i = 0; i < 50; i++)
        {
            var map = (await _rig.CreateAsync(RegistryRig.ConfigMap($"w{writer}-{i}"))).Clone();
            map.Data["key"] = "2";
            await _rig.UpdateAsync(map);
            if (i % 2 == 0)
                await _rig.Registry.DeleteAsync(RegistryRig.Scope<ConfigMap>(map.Metadata.Name), new DeleteOptions(), default);
        }
    }

    // Strictly: an event for a state the reader does not have would be a lost or doubled one.
    private static void Apply(Dictionary<string, string> state, ResourceEvent change)
    {
        var meta = Meta(change);
        Assert.Equal(change.Type == ResourceEventType.Added, !state.ContainsKey(meta.Name));
        if (change.Type == ResourceEventType.Deleted)
            state.Remove(meta.Name);
        else
            state[meta.Name] = meta.ResourceVersion;
    }

    private static ObjectMeta Meta(ResourceEvent change) => ((IApiObject)change.Object.Message).Metadata;

    private static string Text(ResourceEvent change) => $"{change.Type} {Meta(change).Name}";
}
