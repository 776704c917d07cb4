using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.Controllers.Certificates;

/// <summary>The cluster's authority as it signs requests. Safe for concurrent use.</summary>
internal sealed class CertificateSigner : IDisposable
{
    /// <summary>Clocks of nodes and clients differ a little.</summary>
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    private const int SerialBytes = 16;

    private readonly X509Certificate2 _authority;
    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;
    private readonly Lock _lock = new();

    private CertificateSigner(X509Certificate2 authority) =>
        (_authority, _ecdsa, _rsa) = (authority, authority.GetECDsaPrivateKey(), authority.GetRSAPrivateKey());

    /// <exception cref="CryptographicException">The files are no certificate and its key.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static CertificateSigner Load(string certificateFile, string keyFile) => new(X509Certificate2.CreateFromPemFile(certificateFile, keyFile));

    /// <summary>The certificate, PEM.</summary>
    /// <param name="request">What is asked for, checked already.</param>
    /// <param name="usages">Of the request's spec.</param>
    /// <param name="lifetime">It ends no later than the authority.</param>
    /// <param name="now">When it begins.</param>
    public string Sign(ParsedRequest request, IEnumerable<string> usages, TimeSpan lifetime, DateTimeOffset now)
    {
        var leaf = new CertificateRequest(request.Request.SubjectName, request.Request.PublicKey, HashAlgorithmName.SHA256);
        leaf.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        AddUsages(leaf, [.. usages]);
        leaf.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, true, false));
        if (Names(request) is { } names)
            leaf.CertificateExtensions.Add(names);
        var end = now + lifetime < _authority.NotAfter ? now + lifetime : _authority.NotAfter;
        lock (_lock)
        {
            var generator = _ecdsa is not null ? X509SignatureGenerator.CreateForECDsa(_ecdsa) : X509SignatureGenerator.CreateForRSA(_rsa!, RSASignaturePadding.Pkcs1);
            using var signed = leaf.Create(_authority.SubjectName, generator, now - Backdate, end, Serial());
            return signed.ExportCertificatePem() + "\n";
        }
    }

    public void Dispose()
    {
        _ecdsa?.Dispose();
        _rsa?.Dispose();
        _authority.Dispose();
    }

    private static void AddUsages(CertificateRequest leaf, HashSet<string> usages)
    {
        var flags = X509KeyUsageFlags.None;
        if (usages.Contains("digital signature"))
            flags |= X509KeyUsageFlags.DigitalSignature;
        if (usages.Contains("key encipherment"))
            flags |= X509KeyUsageFlags.KeyEncipherment;
        // None is no usage that a certificate may name (RFC 5280, 4.2.1.3): OpenSSL refuses the whole certificate.
        if (flags != X509KeyUsageFlags.None)
            leaf.CertificateExtensions.Add(new X509KeyUsageExtension(flags, true));
        var purposes = new OidCollection();
        if (usages.Contains("server auth"))
            purposes.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (usages.Contains("client auth"))
            purposes.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        leaf.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, false));
    }

    private static X509Extension? Names(ParsedRequest request)
    {
        if (request.DnsNames.Count + request.Addresses.Count == 0)
            return null;
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in request.DnsNames)
            names.AddDnsName(name);
        foreach (var address in request.Addresses)
            names.AddIpAddress(address);
        return names.Build();
    }

    /// <summary>Random and positive (RFC 5280, 4.1.2.2).</summary>
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}
