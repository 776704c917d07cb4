using Cluster.Storage.Etcd;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Etcd;

/// <summary>One etcd for the tests of a class, empty at the start of each.</summary>
public sealed class EtcdFixture : IAsyncLifetime
{
    private EtcdProcess? _etcd;

    public async ValueTask InitializeAsync()
    {
        if (EtcdProcess.Missing is null)
            _etcd = await EtcdProcess.StartNewAsync();
    }

    public async Task<EtcdStore> ConnectAsync(CancellationToken cancellationToken)
    {
        Assert.SkipWhen(_etcd is null, EtcdProcess.Missing ?? "");
        var store = await EtcdStore.ConnectAsync(new EtcdStoreOptions { Endpoints = [_etcd.Endpoint] }, cancellationToken);
        foreach (var keys in (await store.RangeAsync("/", null, 0, 0, cancellationToken)).Entries.Chunk(StoreTxn.MaxOperations))
            await store.TxnAsync(new StoreTxn([], [.. keys.Select(entry => new StoreOp(entry.Key, null))]), cancellationToken);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        if (_etcd is not null)
            await _etcd.DisposeAsync();
    }
}
