using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;

namespace Cluster.Client;

/// <summary>The HTTP connections of both transports.</summary>
internal static class ClusterHandlers
{
    public static HttpMessageHandler Create(ClusterConnection connection)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            UseCookies = false,
            UseProxy = false,
            // One connection carries so many streams as the server allows; watches would fill it for others.
            EnableMultipleHttp2Connections = true,
            // A dead peer sends nothing: a watch would wait for ever. 15 s + 10 s is well below a node's grace of 40 s.
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            SslOptions = TlsOptions(connection),
        };
        return connection.Token is { } token ? new BearerHandler(token, handler) : handler;
    }

    private static SslClientAuthenticationOptions TlsOptions(ClusterConnection connection)
    {
        var options = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = ServerTrust.Callback(connection) };
        if (connection.TlsServerName is { Length: > 0 } name)
        {
            options.TargetHost = name;
        }

        if (connection.ClientCertificate is { } certificate)
        {
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        }

        return options;
    }

    /// <summary>Puts the token on each request.</summary>
    private sealed class BearerHandler(IBearerToken token, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await token.GetAsync(cancellationToken));
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
