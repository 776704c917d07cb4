using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.LoadTests.Api;

/// <summary>Connections to a server of the cluster's authority, with a client's certificate.</summary>
internal static class TlsHandlers
{
    // What Go's HTTP/2 gives a stream; a list does not wait for it.
    private const int StreamWindowBytes = 4 * 1024 * 1024;

    /// <param name="authority">Whose server certificates are taken.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="receiveBytes">The kernel's buffer of what is not read; null: as the host has it.</param>
    public static SocketsHttpHandler Create(X509Certificate2 authority, X509Certificate2 client, int? receiveBytes = null)
    {
        var tls = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
            ClientCertificateContext = SslStreamCertificateContext.Create(client, additionalCertificates: null, offline: true),
        };
        tls.CertificateChainPolicy.CustomTrustStore.Add(authority);
        var handler = new SocketsHttpHandler { SslOptions = tls, UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        if (receiveBytes is not { } bytes)
        {
            handler.InitialHttp2StreamWindowSize = StreamWindowBytes;
            return handler;
        }

        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = bytes };
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return handler;
    }
}
