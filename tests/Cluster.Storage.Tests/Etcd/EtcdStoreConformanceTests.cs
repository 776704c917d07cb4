using Cluster.Storage.Etcd;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Etcd;

public sealed class EtcdStoreConformanceTests : StoreTests
{
    private EtcdProcess? _etcd;

    protected override async Task<IStore> OpenAsync()
    {
        Assert.SkipWhen(EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        _etcd = await EtcdProcess.StartNewAsync();
        return await EtcdStore.ConnectAsync(new EtcdStoreOptions { Endpoints = [_etcd.Endpoint] }, Cancel);
    }

    protected override async Task CloseAsync() => await _etcd!.DisposeAsync();

    // etcd has the real clock.
    protected override Task PassAsync(TimeSpan time) => Task.CompletedTask;
}
