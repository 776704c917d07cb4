using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
        WriteCertificates(files);
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

    private static void WriteCertificates(TempDirectory files)
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test-ca", caKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var ca = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        File.WriteAllText(files.File("ca.crt"), ca.ExportCertificatePem());
        WriteSigned(files, "server", ca);
        WriteSigned(files, "client", ca);
    }

    private static void WriteSigned(TempDirectory files, string name, X509Certificate2 ca)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(ca, ca.NotBefore, ca.NotAfter, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(files.File($"{name}.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(files.File($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
