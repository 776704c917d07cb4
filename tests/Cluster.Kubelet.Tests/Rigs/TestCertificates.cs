using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Rigs;

/// <summary>A certificate authority for one test: a serving certificate for loopback and clients of any group.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly TempDirectory directory = new();
    private readonly X509Certificate2 authority;

    public TestCertificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority = request.CreateSelfSigned(Now.AddMinutes(-5), Now.AddHours(1));
        File.WriteAllText(directory.File("ca.crt"), authority.ExportCertificatePem());
        using var serving = Issue("CN=system:node:test, O=system:nodes");
        File.WriteAllText(directory.File("kubelet.crt"), serving.ExportCertificatePem());
        File.WriteAllText(directory.File("kubelet.key"), serving.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public KubeletCertificates Files => new(directory.File("kubelet.crt"), directory.File("kubelet.key"), directory.File("ca.crt"));

    /// <summary>A certificate with its key, signed by this authority.</summary>
    public X509Certificate2 Issue(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(authority, Now.AddMinutes(-4), Now.AddMinutes(50), RandomNumberGenerator.GetBytes(8));
        using var both = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(both.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    public void Dispose()
    {
        authority.Dispose();
        directory.Dispose();
    }
}
