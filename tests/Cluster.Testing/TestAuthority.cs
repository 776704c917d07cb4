using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.Testing;

/// <summary>A certificate authority for one test, valid for an hour, and what it signs: good for servers and clients alike.</summary>
public sealed class TestAuthority : IDisposable
{
    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        Certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
    }

    /// <summary>The authority's own, with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>A certificate with its key, which can be exported.</summary>
    /// <param name="subject">A distinguished name such as <c>CN=ann, O=admins</c>.</param>
    /// <param name="hosts">Names and addresses it serves; none given: loopback and <c>localhost</c>.</param>
    public X509Certificate2 Issue(string subject, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts is [] ? ["127.0.0.1", "localhost"] : hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        using var bare = request.Create(Certificate, Certificate.NotBefore, Certificate.NotAfter, RandomNumberGenerator.GetBytes(8));
        using var withKey = bare.CopyWithPrivateKey(key);

        // Through PKCS#12: TLS wants a key that is more than a handle of this process.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    /// <summary>Writes the authority as <c>ca.crt</c>, without its key.</summary>
    public void WriteTo(TempDirectory folder) => File.WriteAllText(folder.File("ca.crt"), Certificate.ExportCertificatePem());

    /// <summary>Issues a certificate and writes it as <c>NAME.crt</c> and <c>NAME.key</c>.</summary>
    public void WriteTo(TempDirectory folder, string name, string subject, params string[] hosts)
    {
        using var issued = Issue(subject, hosts);
        using var key = issued.GetECDsaPrivateKey()!;
        File.WriteAllText(folder.File($"{name}.crt"), issued.ExportCertificatePem());
        File.WriteAllText(folder.File($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => Certificate.Dispose();
}
