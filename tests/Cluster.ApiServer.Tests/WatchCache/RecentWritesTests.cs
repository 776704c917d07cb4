using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Tests.WatchCache;

public sealed class RecentWritesTests
{
    private const string Key = "/registry/configmaps/default/a";
    private readonly RecentWrites _writes = new();

    [Fact]
    public void Take_OfTheBytesThatWereWritten_IsTheWritersOwnVersion()
    {
        ConfigMap obj = Object();
        WrittenObject written = _writes.Add(Versions.ConfigMaps, Key, obj, StoredForm.Encode(Versions.ConfigMaps, obj));

        ObjectVersion? taken = _writes.Take(new StoreEntry(Key, written.Stored, 7, 7));

        Assert.Same(written.At(7), taken);
        Assert.Same(obj, taken!.Object);
        Assert.Equal("7", obj.Metadata.ResourceVersion);
        Assert.Equal(written.Stored.Length, taken.StoredBytes);
    }

    [Fact]
    public void Take_IsWhatDecodingWouldMake()
    {
        ConfigMap obj = Object();
        ReadOnlyMemory<byte> stored = StoredForm.Encode(Versions.ConfigMaps, obj);
        _writes.Add(Versions.ConfigMaps, Key, obj, stored);
        var entry = new StoreEntry(Key, stored, 7, 7);

        ObjectVersion taken = _writes.Take(entry)!, decoded = StoredForm.Decode(Versions.ConfigMaps, entry);

        Assert.Equal(decoded.Object, taken.Object);
        Assert.Equal((decoded.Key, decoded.Revision, decoded.Kind, decoded.ApiVersion), (taken.Key, taken.Revision, taken.Kind, taken.ApiVersion));
        Assert.Equal(decoded.Json.ToArray(), taken.Json.ToArray());
        taken.Forget();
        Assert.Equal(decoded.Object, taken.Object);
    }

    [Fact]
    public void Take_OfEqualBytesOfAnother_IsNothing()
    {
        ConfigMap obj = Object();
        ReadOnlyMemory<byte> stored = StoredForm.Encode(Versions.ConfigMaps, obj);
        _writes.Add(Versions.ConfigMaps, Key, obj, stored);

        Assert.Null(_writes.Take(new StoreEntry(Key, stored.ToArray(), 7, 7)));
        Assert.Null(_writes.Take(new StoreEntry(Key, default, 7, 7)));
    }

    [Fact]
    public void Take_Twice_IsNothingTheSecondTime()
    {
        ConfigMap obj = Object();
        ReadOnlyMemory<byte> stored = StoredForm.Encode(Versions.ConfigMaps, obj);
        _writes.Add(Versions.ConfigMaps, Key, obj, stored);

        Assert.NotNull(_writes.Take(new StoreEntry(Key, stored, 7, 7)));
        Assert.Null(_writes.Take(new StoreEntry(Key, stored, 7, 7)));
    }

    [Fact]
    public void Take_AfterManyMoreWrites_IsNothingOrItsOwn()
    {
        List<(string Key, ReadOnlyMemory<byte> Stored)> all = [];
        for (int i = 0; i < 5000; i++)
        {
            ConfigMap obj = Object();
            string key = $"{Key}{i}";
            all.Add((key, StoredForm.Encode(Versions.ConfigMaps, obj)));
            _writes.Add(Versions.ConfigMaps, key, obj, all[^1].Stored);
        }

        int taken = 0;
        foreach ((string key, ReadOnlyMemory<byte> stored) in all)
        {
            if (_writes.Take(new StoreEntry(key, stored, 7, 7)) is not { } version) continue;
            Assert.Equal(key, version.Key);
            taken++;
        }

        Assert.InRange(taken, 1, 1024);
    }

    [Fact]
    public async Task At_ByWriterAndFeedAtOnce_IsOneVersion()
    {
        for (int i = 0; i < 200; i++)
        {
            ConfigMap obj = Object();
            WrittenObject written = _writes.Add(Versions.ConfigMaps, Key, obj, StoredForm.Encode(Versions.ConfigMaps, obj));
            using var start = new Barrier(2);
            Task<ObjectVersion?>[] both =
            [
                Task.Run(ObjectVersion? () => { start.SignalAndWait(); return written.At(7); }),
                Task.Run(() => { start.SignalAndWait(); return _writes.Take(new StoreEntry(Key, written.Stored, 7, 7)); }),
            ];

            ObjectVersion?[] made = await Task.WhenAll(both);

            Assert.NotNull(made[0]);
            Assert.Same(made[0], made[1]);
        }
    }

    private static ConfigMap Object() => new()
    {
        Metadata = new ObjectMeta { Name = "a", Namespace = "default", Labels = { ["b"] = "2", ["a"] = "1" } }, Data = { ["key"] = "value" },
    };
}
