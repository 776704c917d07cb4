using Cluster.Storage.Etcd;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Etcd;

public sealed class EtcdTlsTests
{
    [Fact]
    public async Task Connect_MutualTls_OnlyWithOurCertificateAndAuthority()
    {
        Assert.SkipWhen(EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        var cancel = TestContext.Current.CancellationToken;
        using var files = new TempDirectory();
        using var authority = new TestAuthority();
        authority.WriteTo(files);
        authority.WriteTo(files, "server", "CN=server");
        authority.WriteTo(files, "client", "CN=client");
        await using var etcd = await EtcdProcess.StartNewAsync(
            "https", "--cert-file", files.File("server.crt"), "--key-file", files.File("server.key"), "--client-cert-auth", "--trusted-ca-file", files.File("ca.crt"));
        var options = new EtcdStoreOptions
        {
            Endpoints = [etcd.Endpoint],
            CaFile = files.File("ca.crt"),
            CertificateFile = files.File("client.crt"),
            KeyFile = files.File("client.key"),
            RequestTimeout = TimeSpan.FromSeconds(5),
        };

        await using (var store = await EtcdStore.ConnectAsync(options, cancel))
            Assert.True((await store.TxnAsync(new StoreTxn([], [new StoreOp("/registry/a", new byte[1])]), cancel)).Succeeded);

        var impatient = options with { RequestTimeout = TimeSpan.FromMilliseconds(500) };
        await Assert.ThrowsAsync<StoreException>(() => EtcdStore.ConnectAsync(impatient with { CaFile = null }, cancel));
        await Assert.ThrowsAsync<StoreException>(() => EtcdStore.ConnectAsync(impatient with { CertificateFile = null }, cancel));
    }
}
