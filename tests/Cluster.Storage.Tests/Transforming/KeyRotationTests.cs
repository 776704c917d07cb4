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
        // The first key is needed no more: the next rotation drops it.
        await EncryptionKeyFile.RotateAsync(path, Cancel);
        Assert.Equal(["key3", "key2"], EncryptionKeyFile.Read(path).Select(key => key.Name));
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
