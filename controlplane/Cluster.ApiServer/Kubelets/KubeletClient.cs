using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Pki;

namespace Cluster.ApiServer.Kubelets;

/// <summary>Calls kubelets: with the API server's client certificate, and only those whose serving certificate our authority issued.</summary>
internal sealed class KubeletClient : IDisposable
{
    /// <summary>Which of a node's addresses is tried.</summary>
    private static readonly string[] PreferredAddresses = ["InternalIP", "Hostname", "InternalDNS", "ExternalIP", "ExternalDNS"];

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2 _authority;
    private readonly HttpClient _checking;
    private readonly HttpClient _trusting;
    private readonly int _defaultPort;

    public KubeletClient(ClusterPki pki, int defaultPort)
    {
        _defaultPort = defaultPort;
        // Through PKCS#12: the TLS stack does not take a key that lives in memory alone.
        using var pem = X509Certificate2.CreateFromPemFile(pki.KubeletClientCertificate, pki.KubeletClientKey);
        _certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        _authority = X509CertificateLoader.LoadCertificateFromFile(pki.AuthorityCertificate);
        var checking = Handler(check: true);
        _checking = Client(checking);
        _trusting = Client(Handler(check: false));

        // The handler itself: a client of HTTP would wait for the end of a body that is a conversation.
        Invoker = new HttpMessageInvoker(checking, disposeHandler: false);
    }

    /// <summary>The root of the node's kubelet; null: the node tells no address.</summary>
    public Uri? AddressOf(Node node)
    {
        var addresses = node.Status?.Addresses ?? [];
        var address = PreferredAddresses
            .Select(type => addresses.FirstOrDefault(candidate => candidate.Type == type)?.Address)
            .FirstOrDefault(candidate => !string.IsNullOrEmpty(candidate));
        if (address is null)
            return null;
        var port = node.Status?.DaemonEndpoints?.KubeletEndpoint?.Port is > 0 and var told ? told : _defaultPort;
        return new UriBuilder(Uri.UriSchemeHttps, address, port).Uri;
    }

    /// <summary>Sends any request, upgrades included, and checks the kubelet's certificate; answers as soon as the headers are there.</summary>
    public HttpMessageInvoker Invoker { get; }

    /// <summary>The response as soon as its headers are there.</summary>
    /// <param name="skipVerification">The client asked not to check the kubelet's certificate.</param>
    public Task<HttpResponseMessage> GetAsync(Uri url, bool skipVerification, CancellationToken cancellationToken) =>
        (skipVerification ? _trusting : _checking).GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    public void Dispose()
    {
        Invoker.Dispose();
        _checking.Dispose();
        _trusting.Dispose();
        _certificate.Dispose();
        _authority.Dispose();
    }

    // A followed log may be silent for hours: only connecting is bounded.
    private static HttpClient Client(SocketsHttpHandler handler) => new(handler) { Timeout = Timeout.InfiniteTimeSpan };

    private SocketsHttpHandler Handler(bool check)
    {
        var tls = new SslClientAuthenticationOptions { ClientCertificates = [_certificate] };
        if (check)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            tls.CertificateChainPolicy.CustomTrustStore.Add(_authority);
        }
        else
        {
#pragma warning disable CA5359 // The client asks for it in so many words (insecureSkipTLSVerifyBackend), for logs alone.
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
            tls.CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        }

        return new SocketsHttpHandler
        {
            SslOptions = tls, ConnectTimeout = TimeSpan.FromSeconds(10), UseProxy = false, AllowAutoRedirect = false, UseCookies = false,
        };
    }
}
