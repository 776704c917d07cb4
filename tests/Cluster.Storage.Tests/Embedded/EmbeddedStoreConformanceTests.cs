using Cluster.Storage.Embedded;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Storage.Tests.Embedded;

public sealed class EmbeddedStoreConformanceTests : StoreTests
{
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();

    protected override async Task<IStore> OpenAsync() =>
        await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = _directory.Path, Time = _time });

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
