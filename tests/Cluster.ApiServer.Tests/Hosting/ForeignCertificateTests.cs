using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>Certificates of other authorities: their owner chose what is in them.</summary>
public sealed class ForeignCertificateTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Certificate_ThatNamesWhereItsIssuerIs_IsNotLookedUpThere()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var asked = listener.AcceptTcpClientAsync(Cancel).AsTask();
        using var authority = Make("CN=elsewhere", null);
        using var certificate = Make("CN=admin, O=system:masters", new Uri($"http://{listener.LocalEndpoint}/ca.crt"), authority);
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, served, _, _) => served is not null,
                ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
            },
        };
        using var client = new HttpClient(handler);

        using var response = await client.GetAsync(new Uri(rig.Url, "/api/v1/namespaces"), Cancel);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.False(asked.IsCompleted);
    }

    private static X509Certificate2 Make(string name, Uri? issuerAt, X509Certificate2? issuer = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var (from, to) = (DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(120));
        if (issuer is null)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            return request.CreateSelfSigned(from, to);
        }

        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([], [issuerAt!.ToString()]));
        using var certificate = request.Create(issuer, from.AddYears(1), to.AddYears(-1), [1, 2, 3]);
        return certificate.CopyWithPrivateKey(key);
    }
}
