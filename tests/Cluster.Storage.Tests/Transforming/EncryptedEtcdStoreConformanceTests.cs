using System.Security.Cryptography;
using Cluster.Storage.Tests.Etcd;
using Cluster.Storage.Transforming;

namespace Cluster.Storage.Tests.Transforming;

public sealed class EncryptedEtcdStoreConformanceTests(EtcdFixture etcd) : StoreTests, IClassFixture<EtcdFixture>
{
    protected override async Task<IStore> OpenAsync() => new TransformingStore(
        await etcd.ConnectAsync(Cancel), [new AesGcmTransformer("/", [new EncryptionKey("k", RandomNumberGenerator.GetBytes(32))])]);

    protected override Task CloseAsync() => Task.CompletedTask;

    protected override Task PassAsync(TimeSpan time) => Task.CompletedTask;
}
