using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.ApiServer.Pki;

/// <summary>Whether a leaf on disk may stay as it is.</summary>
internal static class LeafCheck
{
    /// <summary>Leafs live a year; one that a restart finds in its last month is replaced.</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>The pair belongs together, comes from this authority, says what is asked and is not about to expire.</summary>
    public static bool IsGood(string certificatePath, string keyPath, CertificateSpec spec, X509Certificate2 authority, DateTimeOffset now)
    {
        if (!File.Exists(certificatePath) || !File.Exists(keyPath))
            return false;
        try
        {
            // Throws if the key is another certificate's: a crash between writing the two.
            using var leaf = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
            return leaf.NotAfter.ToUniversalTime() - now.UtcDateTime > RenewBefore
                && CertificateChain.IsIssuedBy(leaf, authority, now)
                && leaf.GetNameInfo(X509NameType.SimpleName, false) == spec.CommonName
                && HasNames(leaf, spec);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private static bool HasNames(X509Certificate2 leaf, CertificateSpec spec)
    {
        var extension = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        var names = extension?.EnumerateDnsNames().ToHashSet() ?? [];
        HashSet<IPAddress> addresses = extension?.EnumerateIPAddresses().ToHashSet() ?? [];
        return names.SetEquals(spec.DnsNames) && addresses.SetEquals(spec.Addresses);
    }
}
