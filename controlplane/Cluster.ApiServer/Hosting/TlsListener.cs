using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Cluster.ApiServer.Pki;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Cluster.ApiServer.Hosting;

/// <summary>The one kind of port the server opens: TLS, HTTP/1.1 and HTTP/2 by ALPN, client certificates if the client has one.</summary>
internal sealed class TlsListener : IDisposable
{
    private const int KeepAliveSeconds = 15;

    /// <summary>Half a second's work: who comes when so many of its own address wait is cut off, and comes again.</summary>
    private const int WaitingHandshakesOfOneAddress = 512;

    /// <summary>A core is left to those who are connected, if there are several.</summary>
    private static readonly int HandshakesAtOnce = Math.Max(1, Environment.ProcessorCount - 1);

    private readonly ConnectionsByAddress _byAddress;
    private readonly Handshakes _handshakes;
    private readonly X509Certificate2 _certificate;
    private readonly SslStreamCertificateContext _context;

    /// <param name="pki">The server's certificates.</param>
    /// <param name="connectionsOfOneAddress">That are let in at once.</param>
    /// <param name="time">The clock of waiting.</param>
    public TlsListener(ClusterPki pki, int connectionsOfOneAddress, TimeProvider time)
    {
        _byAddress = new ConnectionsByAddress(connectionsOfOneAddress);
        _handshakes = new Handshakes(HandshakesAtOnce, WaitingHandshakesOfOneAddress, time);
        _certificate = X509Certificate2.CreateFromPemFile(pki.ServerCertificate, pki.ServerKey);
        Authority = X509CertificateLoader.LoadCertificateFromFile(pki.AuthorityCertificate);
        // Naming the authority in the handshake keeps clients (browsers above all) from offering certificates of other clusters.
        var trust = SslCertificateTrust.CreateForX509Collection([Authority], sendTrustInHandshake: true);
        _context = SslStreamCertificateContext.Create(_certificate, additionalCertificates: null, offline: true, trust);
    }

    public X509Certificate2 Authority { get; }

    public void Listen(KestrelServerOptions kestrel, IPEndPoint endpoint) => kestrel.Listen(endpoint, listen =>
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.Use(next => connection => _byAddress.RunAsync(connection, next));
        listen.Use(next => connection => _handshakes.RunAsync(connection, next));
        listen.UseHttps(https =>
        {
            https.ServerCertificate = _certificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            // A foreign certificate is no reason to refuse the connection: its requests get a 401 that says so, or a token speaks.
            https.AllowAnyClientCertificate();
            https.OnAuthenticate = (_, tls) => (tls.ServerCertificateContext, tls.CertificateChainPolicy) = (_context, OwnAuthorityOnly());
        });
        listen.Use(next => connection => Handshakes.EndAsync(connection, next));
    });

    // TLS builds the chain of each client's certificate: it may not go where that says its issuer is to be had. The policy is one handshake's own.
    private X509ChainPolicy OwnAuthorityOnly()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.Add(Authority);
        return policy;
    }

    /// <summary>
    /// Accepted connections inherit the socket's options: the kernel asks clients that are silent whether they are still there. A stream or
    /// a watch whose client lost power would stay otherwise.
    /// </summary>
    public static Socket Bind(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
        return socket;
    }

    public void Dispose()
    {
        _handshakes.Dispose();
        _certificate.Dispose();
        Authority.Dispose();
    }
}
