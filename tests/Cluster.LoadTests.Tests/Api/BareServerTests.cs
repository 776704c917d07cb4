using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cluster.LoadTests.Api;

namespace Cluster.LoadTests.Tests.Api;

public sealed class BareServerTests
{
    private const string Collection = "/api/v1/namespaces/watched/pods";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Answers_WithTheBytesItWasGiven_AndSendsEachWatchEachEvent(int http)
    {
        Version version = http == 1 ? HttpVersion.Version11 : HttpVersion.Version20;
        using var pki = new TemporaryPki();
        int port = ApiServerProcess.FreePort();
        using var stop = new CancellationTokenSource();
        Task<int> running = BareServer.RunAsync(pki.Folder, port, stop.Token);
        using (var server = new MeasuredServer("bare", new Uri($"https://127.0.0.1:{port}"), () => default, pki.Certificate, pki.Certificate))
        {
            await server.SendAsync(HttpMethod.Put, "/content/object", "one"u8.ToArray());
            await server.SendAsync(HttpMethod.Put, "/content/list", "all"u8.ToArray());
            await server.SendAsync(HttpMethod.Put, "/content/event", "an event\n"u8.ToArray());

            Assert.Equal("one", Encoding.UTF8.GetString(await server.SendAsync(HttpMethod.Get, Collection + "/a")));
            Assert.Equal("all", Encoding.UTF8.GetString(await server.SendAsync(HttpMethod.Get, Collection)));
            await using var crowd = new WatchCrowd();
            await crowd.OpenAsync(server, 3, Collection + "?watch=1", version);
            long left = 5;
            LoadOutcome changes = await RequestLoad.RunAsync(
                server.Shared(version), 2, () => Interlocked.Decrement(ref left) >= 0 ? server.Request(HttpMethod.Put, Collection + "/a", version, Pods.Json("a")) : null);

            Assert.Equal((5, 0), (changes.Operations, changes.Failures));
            Assert.True(await crowd.WaitAsync(15, TimeSpan.FromSeconds(30)));
            Assert.Equal(15, crowd.Events);
        }

        await stop.CancelAsync();
        Assert.Equal(0, await running);
    }

    /// <summary>The two files the endpoint needs, of a certificate that is its own authority.</summary>
    private sealed class TemporaryPki : IDisposable
    {
        public TemporaryPki()
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
            File.WriteAllText(Path.Combine(Folder, "apiserver.crt"), made.ExportCertificatePem());
            File.WriteAllText(Path.Combine(Folder, "apiserver.key"), key.ExportPkcs8PrivateKeyPem());
            Certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        }

        public string Folder { get; } = Directory.CreateTempSubdirectory("cluster-bare-").FullName;

        public X509Certificate2 Certificate { get; }

        public void Dispose()
        {
            Certificate.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
