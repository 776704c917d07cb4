using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Nftables;
using Cluster.Testing;

namespace Cluster.Proxy.Tests;

public sealed class NodePlaneTests
{
    private static readonly NftException NoNft = new("nft can't be run; install the package nftables") { Missing = true };

    [Fact]
    public async Task Remove_WithoutNftAndNothingMade_IsNoFailure() => await NodePlane.RemoveAsync(new Failing(NoNft), new ProxyOptions(), CancellationToken.None);

    [Fact]
    public async Task Remove_WithoutNftButATableMade_SaysWhatToInstallAndKeepsTheRecord()
    {
        using var folder = new TempDirectory();
        var options = new ProxyOptions { OwnedPath = Path.Combine(folder.Path, "owned") };
        File.WriteAllLines(options.OwnedPath, ["docker started", "nft inet cluster_services", "route 10.96.0.0/16"]);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => NodePlane.RemoveAsync(new Failing(NoNft), options, CancellationToken.None));

        Assert.Equal("cannot remove the routes and rules of services: nft can't be run; install the package nftables", failure.Message);
        Assert.Equal(3, File.ReadAllLines(options.OwnedPath).Length);

        await NodePlane.RemoveAsync(new Failing(null), options, CancellationToken.None);
        Assert.Equal(["docker started"], File.ReadAllLines(options.OwnedPath));
    }

    [Fact]
    public async Task Remove_NftRefuses_IsAFailureWhateverWasRecorded()
    {
        var refused = new NftException("nft: Operation not permitted") { Refused = true };

        await Assert.ThrowsAsync<InvalidOperationException>(() => NodePlane.RemoveAsync(new Failing(refused), new ProxyOptions(), CancellationToken.None));
    }

    private sealed class Failing(Exception? failure) : IVirtualAddresses
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task ChangeAddressesAsync(IReadOnlyCollection<IPAddress> added, IReadOnlyCollection<IPAddress> removed, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task AllowAsync(IReadOnlyCollection<Place> added, IReadOnlyCollection<Place> removed, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task VerifyAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task RemoveAsync(CancellationToken cancellationToken) => failure is null ? Task.CompletedTask : Task.FromException(failure);
    }
}
