namespace Cluster.Storage.Tests.Etcd;

public sealed class EtcdStoreConformanceTests(EtcdFixture etcd) : StoreTests, IClassFixture<EtcdFixture>
{
    protected override async Task<IStore> OpenAsync() => await etcd.ConnectAsync(Cancel);

    protected override Task CloseAsync() => Task.CompletedTask;

    // etcd has the real clock.
    protected override Task PassAsync(TimeSpan time) => Task.CompletedTask;
}
