using System.Security.Cryptography;
using Cluster.Storage.Embedded;
using Cluster.Storage.Transforming;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Storage.Tests.Transforming;

/// <summary>With every value encrypted a store is still a store.</summary>
public sealed class EncryptedEmbeddedStoreConformanceTests : StoreTests
{
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();

    protected override async Task<IStore> OpenAsync()
    {
        var inner = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = _directory.Path, Time = _time });
        return new TransformingStore(inner, [new AesGcmTransformer("/", [new EncryptionKey("k", RandomNumberGenerator.GetBytes(32))])]);
    }

    protected override Task CloseAsync()
    {
        _directory.Dispose();
        return Task.CompletedTask;
    }

    protected override Task PassAsync(TimeSpan time)
    {
        _time.Advance(time + TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }
}
