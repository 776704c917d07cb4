using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.ApiServer.Pki;

/// <summary>The cluster's own certificate authority: it alone says who a client is and which server is ours.</summary>
internal sealed class CertificateAuthority(X509Certificate2 certificate, TimeProvider time) : IDisposable
{
    /// <summary>As long as a cluster is expected to live: changing the root means giving every client a new kubeconfig.</summary>
    private static readonly TimeSpan RootLifetime = TimeSpan.FromDays(3650);

    private static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(365);

    /// <summary>Clocks of nodes and clients differ a little.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public X509Certificate2 Certificate { get; } = certificate;

    public static (string CertificatePem, string KeyPem) Create(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kubernetes", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        using var root = request.CreateSelfSigned(now - ClockSkew, now + RootLifetime);
        return (root.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public (string CertificatePem, string KeyPem) Issue(CertificateSpec spec)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(spec), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(Usages(spec), false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        if (spec.DnsNames.Count + spec.Addresses.Count > 0)
            request.CertificateExtensions.Add(AlternativeNames(spec));

        var now = time.GetUtcNow();
        var end = now + LeafLifetime < Certificate.NotAfter ? now + LeafLifetime : Certificate.NotAfter;
        using var leaf = request.Create(Certificate, now - ClockSkew, end, Serial());
        return (leaf.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose() => Certificate.Dispose();

    private static X500DistinguishedName Subject(CertificateSpec spec)
    {
        var name = new X500DistinguishedNameBuilder();
        foreach (var organization in spec.Organizations)
            name.AddOrganizationName(organization);
        name.AddCommonName(spec.CommonName);
        return name.Build();
    }

    private static OidCollection Usages(CertificateSpec spec)
    {
        var usages = new OidCollection();
        if (spec.Server)
            usages.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (spec.Client)
            usages.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        return usages;
    }

    private static X509Extension AlternativeNames(CertificateSpec spec)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in spec.DnsNames)
            names.AddDnsName(name);
        foreach (var address in spec.Addresses)
            names.AddIpAddress(address);
        return names.Build();
    }

    /// <summary>Random and positive (RFC 5280, 4.1.2.2).</summary>
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}
