using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.Storage.Etcd;

/// <summary>The TLS settings of the connections to etcd.</summary>
internal static class EtcdTls
{
    /// <exception cref="StoreException">A file can't be read; the message names it.</exception>
    public static SslClientAuthenticationOptions Of(EtcdStoreOptions options)
    {
        var tls = new SslClientAuthenticationOptions();
        try
        {
            if (options.CaFile is { } authorities)
                tls.CertificateChainPolicy = Trusting(authorities);
            if (options.CertificateFile is { } certificate)
                tls.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, options.KeyFile)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StoreException($"the certificates for etcd ({options.CaFile}, {options.CertificateFile}) cannot be used: {e.Message}", e)
            {
                NotApplied = true,
            };
        }

        return tls;
    }

    private static X509ChainPolicy Trusting(string authoritiesFile)
    {
        // Private authorities publish no revocation lists.
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(authoritiesFile);
        return policy;
    }
}
