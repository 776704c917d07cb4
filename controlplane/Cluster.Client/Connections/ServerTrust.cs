using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.Client;

/// <summary>Whether a server's certificate is good: for a private authority the system's own answer does not count.</summary>
internal static class ServerTrust
{
    /// <summary>Null where the system's roots decide.</summary>
    [SuppressMessage("Security", "CA5359", Justification = "insecure-skip-tls-verify is the user's word for exactly this")]
    public static RemoteCertificateValidationCallback? Callback(ClusterConnection connection)
    {
        if (connection.InsecureSkipTlsVerify)
        {
            return (_, _, _, _) => true;
        }

        return connection.Authorities is not { } authorities ? null : (_, certificate, chain, errors) => Check(authorities, certificate, chain, errors);
    }

    private static bool Check(X509Certificate2Collection authorities, X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(leaf);
    }
}
