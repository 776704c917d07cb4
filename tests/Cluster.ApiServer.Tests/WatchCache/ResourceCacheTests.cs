using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.WatchCache;

public sealed class ResourceCacheTests
{
    private const int Many = 100;

    private readonly ResourceCache _cache = new(Versions.ConfigMaps, new EventRing(TimeProvider.System), NullLogger.Instance);

    [Fact]
    public void Apply_WhileNobodyWatches_KeepsTheBytesAlone()
    {
        Put("a", 2);

        ObjectVersion version = Find("a");
        Assert.False(version.HasMessage);
        Assert.Equal(("a", "2"), (version.Object.Metadata.Name, version.Object.Metadata.ResourceVersion));
    }

    [Fact]
    public void Apply_WhileSomebodyWatches_KeepsTheNewestObjectsUntilOthersFollow()
    {
        _cache.WatchOpened();
        Put("a", 2);
        Put("a", 3);
        Assert.True(_cache.Ring.TryRead(1, out RingEvent? change));
        Assert.True(change.Previous!.HasMessage);
        Assert.True(change.Current!.HasMessage);

        for (int i = 0; i < Many; i++) Put($"b-{i}", 4 + i);

        Assert.False(change.Previous.HasMessage);
        Assert.False(change.Current.HasMessage);
        Assert.True(Find($"b-{Many - 1}").HasMessage);
    }

    [Fact]
    public void Apply_AfterTheLastWatch_LetsGoOfWhatWasKeptForIt()
    {
        _cache.WatchOpened();
        _cache.WatchOpened();
        Put("a", 2);
        _cache.WatchClosed();
        Put("b", 3);
        Assert.True(Find("a").HasMessage);
        _cache.WatchClosed();
        Put("c", 4);

        Assert.All((string[])["a", "b", "c"], name => Assert.False(Find(name).HasMessage));
    }

    private ObjectVersion Find(string name) => _cache.State.Objects.Find(Key(name)) ?? throw new InvalidOperationException($"{name} is not there");

    private void Put(string name, long revision)
    {
        var obj = new ConfigMap { Metadata = new ObjectMeta { Name = name, Namespace = "default" }, Data = { ["key"] = "value" } };
        var entry = new StoreEntry(Key(name), StoredForm.Encode(Versions.ConfigMaps, obj), revision, revision);
        _cache.Apply(revision, [new StoreChange(entry.Key, entry, null)]);
    }

    private static string Key(string name) => $"/registry/configmaps/default/{name}";
}
