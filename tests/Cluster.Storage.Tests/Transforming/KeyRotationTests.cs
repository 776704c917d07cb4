using System.Security.Cryptography;
using System.Text;
using Cluster.Storage.Embedded;
using Cluster.Storage.Transforming;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Transforming;

/// <summary>A new key for what is stored, while it is used.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class KeyRotationTests : IDisposable
{
    private const string Key = AesGcmTransformer.Secrets + "default/a";

    private readonly TempDirectory _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rotate_EncryptsAllWithTheNewKey_AndReadsGoOn()
    {
        var path = _folder.File("keys");
        var ring = await EncryptionKeyRing.OpenAsync(path, Cancel);
        var transformer = new AesGcmTransformer(AesGcmTransformer.Secrets, ring);
        await using var store = new TransformingStore(await OpenAsync(), [transformer]);
        for (var i = 0; i < 1200; i++)
            await PutAsync(store, $"{Key}{i}", $"value {i}");
        await PutAsync(store, "/registry/configmaps/default/b", "plain");

        var name = await EncryptionKeyFile.RotateAsync(path, Cancel);
        Assert.Equal("value 7", await GetAsync(store, Key + 7));
        Assert.True(ring.Refresh());
        Assert.False(ring.Refresh());
        Assert.Equal(1200, await store.ReencryptAsync(transformer, Cancel));
        Assert.Equal(0, await store.ReencryptAsync(transformer, Cancel));

        Assert.Equal("key2", name);
        Assert.Equal(["key2", "key1"], ring.Keys.Select(key => key.Name));
        Assert.Equal("value 1199", await GetAsync(store, Key + 1199));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        // The store's history has values of the keys before: they are dropped when four newer ones are there.
        for (var i = 0; i < 4; i++)
            await EncryptionKeyFile.RotateAsync(path, Cancel);
        Assert.Equal(["key6", "key5", "key4", "key3", "key2"], EncryptionKeyFile.Read(path).Select(key => key.Name));
    }

    [Fact]
    public async Task Refresh_LinkLeadsToOtherKeys_AreTaken()
    {
        // As a Secret is mounted: the file itself is never written again.
        var path = _folder.File("keys");
        await EncryptionKeyFile.EnsureAsync(_folder.File("old"), Cancel);
        File.CreateSymbolicLink(path, _folder.File("old"));
        var ring = await EncryptionKeyRing.OpenAsync(path, Cancel);
        Assert.False(ring.Refresh());
        File.Copy(_folder.File("old"), _folder.File("new"));
        await EncryptionKeyFile.RotateAsync(_folder.File("new"), Cancel);
        File.CreateSymbolicLink(path + "2", _folder.File("new"));
        File.SetLastWriteTimeUtc(_folder.File("new"), File.GetLastWriteTimeUtc(_folder.File("old")).AddSeconds(1));
        File.Move(path + "2", path, overwrite: true);
        Assert.True(ring.Refresh());
        Assert.Equal(["key2", "key1"], ring.Keys.Select(key => key.Name));
    }

    [Fact]
    public async Task RangeAndWatch_OverAValueOfALostKey_GoOn()
    {
        var inner = await OpenAsync();
        var lost = new AesGcmTransformer(AesGcmTransformer.Secrets, [new EncryptionKey("lost", RandomNumberGenerator.GetBytes(32))]);
        await inner.TxnAsync(new StoreTxn([], [new StoreOp(Key + 1, lost.ToStore(Key + 1, Encoding.UTF8.GetBytes("one")))]), Cancel);
        await using var store = new TransformingStore(inner, [new AesGcmTransformer(AesGcmTransformer.Secrets, [new EncryptionKey("own", RandomNumberGenerator.GetBytes(32))])]);
        await PutAsync(store, Key + 2, "two");

        var entries = (await store.RangeAsync(AesGcmTransformer.Secrets, null, 0, 0, Cancel)).Entries;
        Assert.Equal([Key + 1, Key + 2], entries.Select(entry => entry.Key));
        Assert.StartsWith("k8s:enc:aesgcm:v1:lost:", Encoding.Latin1.GetString(entries[0].Value.Span), StringComparison.Ordinal);
        Assert.Equal("two", Encoding.UTF8.GetString(entries[1].Value.Span));
        await foreach (var changes in store.WatchAsync(AesGcmTransformer.Secrets, 0, Cancel))
        {
            if (changes.Changes.Any(change => change.Key == Key + 2))
                break;
        }

        await Assert.ThrowsAsync<StoreException>(async () => await store.GetAsync(Key + 1, Cancel));
    }

    [Fact]
    public async Task Read_OfAValueOfANewerKey_LooksAtTheFileAgain()
    {
        var path = _folder.File("keys");
        var behind = new AesGcmTransformer("/", await EncryptionKeyRing.OpenAsync(path, Cancel));
        await EncryptionKeyFile.RotateAsync(path, Cancel);
        var ahead = new AesGcmTransformer("/", await EncryptionKeyRing.OpenAsync(path, Cancel));

        var stored = ahead.ToStore("/a", Encoding.UTF8.GetBytes("value"));

        Assert.Equal("value", Encoding.UTF8.GetString(behind.FromStore("/a", stored).Span));
    }

    [Fact]
    public async Task Reencrypt_TakesInWhatWasPlain()
    {
        var inner = await OpenAsync();
        await PutAsync(inner, Key, "written before encryption was on");
        var transformer = new AesGcmTransformer(AesGcmTransformer.Secrets, [new EncryptionKey("k", RandomNumberGenerator.GetBytes(32))]);
        await using var store = new TransformingStore(inner, [transformer]);

        Assert.Equal(1, await store.ReencryptAsync(transformer, Cancel));

        Assert.StartsWith("k8s:enc:aesgcm:v1:k:", await GetAsync(inner, Key), StringComparison.Ordinal);
        Assert.Equal("written before encryption was on", await GetAsync(store, Key));
    }

    private async Task<IStore> OpenAsync() => await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = _folder.File("store") });

    private static async Task PutAsync(IStore store, string key, string value) =>
        await store.TxnAsync(new StoreTxn([], [new StoreOp(key, Encoding.UTF8.GetBytes(value))]), Cancel);

    private static async Task<string> GetAsync(IStore store, string key) => Encoding.UTF8.GetString((await store.GetAsync(key, Cancel))!.Value.Span);
}
