using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.Client.Tests.Server;

/// <summary>A certificate authority for one test.</summary>
internal sealed class TestPki : IDisposable
{
    public TestPki()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Authority = request.CreateSelfSigned(Start, Start.AddYears(100));
    }

    private static DateTimeOffset Start => DateTimeOffset.UnixEpoch.AddYears(50);

    public X509Certificate2 Authority { get; }

    public X509Certificate2 Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var bare = request.Create(Authority, Start, Start.AddYears(99), [1, 2, 3]);
        using var withKey = bare.CopyWithPrivateKey(key);

        // Through PKCS#12: TLS wants a key that is more than a handle of this process.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    public void Dispose() => Authority.Dispose();
}
