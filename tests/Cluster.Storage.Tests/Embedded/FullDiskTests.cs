using Cluster.Storage.Embedded;

namespace Cluster.Storage.Tests.Embedded;

public sealed class FullDiskTests
{
    [Fact]
    public async Task Txn_DiskFull_RefusedReadsGoOnAndItRecovers()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var disk = SmallDisk.TryMount(megabytes: 8);
        Assert.SkipWhen(disk is null, "this user may not mount a file system");
        await using var store = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = Path.Combine(disk.Path, "data") });
        var kept = await PutAsync("/registry/kept");
        disk.Fill();

        var error = await Assert.ThrowsAsync<StoreException>(async () =>
        {
            for (var i = 0; i < 1000; i++) // the journal may have some room left, but not for 20 MB
                kept = await PutAsync($"/registry/{i}");
        });

        Assert.True(error.NotApplied);
        Assert.Contains("full", error.Message, StringComparison.Ordinal);
        Assert.NotNull(await store.GetAsync("/registry/kept", cancel));
        Assert.Equal(kept, (await store.RangeAsync("/registry/", null, 0, 0, cancel)).Revision);
        Assert.Equal(kept, await store.GetRevisionAsync(cancel));

        disk.MakeRoom();
        Assert.Equal(kept + 1, await PutAsync("/registry/after"));

        async Task<long> PutAsync(string key) =>
            (await store.TxnAsync(new StoreTxn([], [new StoreOp(key, new byte[20_000])]), cancel)).Revision;
    }
}
