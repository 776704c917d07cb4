using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Cluster.ApiServer.Pki;

/// <summary>What a PKCS#10 request says of its subject, before anybody has judged it.</summary>
internal static class RequestSubject
{
    private const string OrganizationOid = "2.5.4.10";

    /// <summary>The groups it asks for; none for what cannot be read: validation and signers say so.</summary>
    public static IReadOnlyList<string> Organizations(ReadOnlySpan<byte> pem)
    {
        try
        {
            var request = CertificateRequest.LoadSigningRequestPem(
                Encoding.ASCII.GetString(pem), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.SkipSignatureValidation);
            return [.. Values(request.SubjectName)];
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            return [];
        }
    }

    private static IEnumerable<string> Values(X500DistinguishedName name)
    {
        foreach (var part in name.EnumerateRelativeDistinguishedNames())
        {
            if (!part.HasMultipleElements && part.GetSingleElementType().Value == OrganizationOid && part.GetSingleElementValue() is { } value)
                yield return value;
        }
    }
}
