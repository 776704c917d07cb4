using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.ApiServer.Proxy;

/// <summary>Calls pods and services: without credentials of ours, and without a check of certificates, which nobody vouches for.</summary>
internal static class PlainClient
{
    public static HttpMessageInvoker Create() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        SslOptions = new SslClientAuthenticationOptions
        {
#pragma warning disable CA5359 // A pod's certificate is its own making: Kubernetes calls https targets this way, and sends them no secret.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            // Nor does it send us anywhere to look for its issuer.
            CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
        },
    });
}
