using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cluster.ApiServer.Pki;

namespace Cluster.ApiServer.Authentication;

/// <summary>Users of client certificates: CN is the name, each O a group.</summary>
/// <remarks>A connection shows one certificate for all its requests: the chain is built once for it.</remarks>
internal sealed class ClientCertificates(X509Certificate2 authority, TimeProvider time)
{
    private const string OrganizationOid = "2.5.4.10";
    private const string CommonNameOid = "2.5.4.3";

    private readonly ConditionalWeakTable<X509Certificate2, Verified> _verified = [];

    /// <summary>The certificate's user; null if it is not one of ours or not valid now.</summary>
    public UserIdentity? Authenticate(X509Certificate2 certificate)
    {
        var verified = _verified.GetValue(certificate, Verify);
        return verified.User is not null && time.GetUtcNow() < verified.Until ? verified.User : null;
    }

    private Verified Verify(X509Certificate2 certificate)
    {
        var user = CertificateChain.IsClientOf(certificate, authority, time.GetUtcNow()) ? User(certificate) : null;
        return new Verified(user, certificate.NotAfter.ToUniversalTime());
    }

    private static UserIdentity? User(X509Certificate2 certificate)
    {
        var name = "";
        List<string> groups = [];
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
                continue;
            if (part.GetSingleElementType().Value == CommonNameOid)
                name = part.GetSingleElementValue() ?? "";
            else if (part.GetSingleElementType().Value == OrganizationOid && part.GetSingleElementValue() is { } group)
                groups.Add(group);
        }

        groups.Add(UserIdentity.AuthenticatedGroup);
        var id = "X509SHA256=" + Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span));
        return name.Length == 0 ? null : new UserIdentity(name, "", groups, UserIdentity.CredentialId(id));
    }

    private sealed record Verified(UserIdentity? User, DateTimeOffset Until);
}
