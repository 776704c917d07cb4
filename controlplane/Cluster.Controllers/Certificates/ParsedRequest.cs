using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Cluster.Controllers.Certificates;

/// <summary>A PKCS#10 request, its signature checked, and what it asks to be called.</summary>
internal sealed class ParsedRequest
{
    private const string CommonNameOid = "2.5.4.3";
    private const string OrganizationOid = "2.5.4.10";
    private const string AlternativeNamesOid = "2.5.29.17";

    // Tags of GeneralName (RFC 5280, 4.2.1.6).
    private const int EmailTag = 1;
    private const int DnsTag = 2;
    private const int AddressTag = 7;

    private readonly List<string> _organizations = [];
    private readonly List<string> _dnsNames = [];
    private readonly List<IPAddress> _addresses = [];

    private ParsedRequest(CertificateRequest request)
    {
        Request = request;
        ReadSubject();
        foreach (var extension in request.CertificateExtensions.Where(extension => extension.Oid?.Value == AlternativeNamesOid))
            ReadNames(extension.RawData);
    }

    public CertificateRequest Request { get; }

    public string CommonName { get; private set; } = "";

    public IReadOnlyList<string> Organizations => _organizations;

    public IReadOnlyList<string> DnsNames => _dnsNames;

    public IReadOnlyList<IPAddress> Addresses => _addresses;

    public bool HasEmails { get; private set; }

    /// <summary>URIs, and whatever else a name may be.</summary>
    public bool HasOthers { get; private set; }

    /// <exception cref="CryptographicException">It is no such request, or not signed with its own key.</exception>
    public static ParsedRequest Parse(ReadOnlySpan<byte> pem)
    {
        try
        {
            return new ParsedRequest(CertificateRequest.LoadSigningRequestPem(
                Encoding.ASCII.GetString(pem), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions));
        }
        catch (Exception e) when (e is ArgumentException or AsnContentException or NotSupportedException)
        {
            throw new CryptographicException($"not a PEM certificate request: {e.Message}", e);
        }
    }

    private void ReadSubject()
    {
        foreach (var part in Request.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
                throw new CryptographicException("the subject has a part of several values");
            var value = part.GetSingleElementValue() ?? "";
            if (part.GetSingleElementType().Value == CommonNameOid)
                CommonName = value;
            else if (part.GetSingleElementType().Value == OrganizationOid)
                _organizations.Add(value);
        }
    }

    private void ReadNames(byte[] extension)
    {
        var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            var tag = names.PeekTag();
            switch (tag.TagValue)
            {
                case DnsTag:
                    _dnsNames.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                    break;
                case AddressTag:
                    _addresses.Add(new IPAddress(names.ReadOctetString(tag)));
                    break;
                default:
                    HasEmails |= tag.TagValue == EmailTag;
                    HasOthers |= tag.TagValue != EmailTag;
                    names.ReadEncodedValue();
                    break;
            }
        }
    }
}
