using System.Security.Cryptography.X509Certificates;

namespace Cluster.ApiServer.Pki;

/// <summary>Checks a certificate against one authority and nothing else: the machine's trust store has no say.</summary>
public static class CertificateChain
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The certificate was issued by the authority and is valid now.</summary>
    public static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 authority, DateTimeOffset now) =>
        Build(certificate, authority, now, usage: null);

    /// <summary>As <see cref="IsIssuedBy"/>, and it was issued for clients.</summary>
    public static bool IsClientOf(X509Certificate2 certificate, X509Certificate2 authority, DateTimeOffset now) =>
        Build(certificate, authority, now, ClientAuthentication);

    private static bool Build(X509Certificate2 certificate, X509Certificate2 authority, DateTimeOffset now, string? usage)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        // Our authority publishes no revocation list; its leafs are short-lived instead.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        if (usage is not null)
            chain.ChainPolicy.ApplicationPolicy.Add(new(usage));
        var good = chain.Build(certificate);
        foreach (var element in chain.ChainElements)
            element.Certificate.Dispose();
        return good;
    }
}
