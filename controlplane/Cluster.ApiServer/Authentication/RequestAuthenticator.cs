using System.Security.Cryptography.X509Certificates;
using Cluster.Api;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Authentication;

/// <summary>Finds out who makes a request: by client certificate, then by bearer token; without either, anonymous.</summary>
internal sealed class RequestAuthenticator(ClientCertificates certificates, ITokenAuthenticator tokens)
{
    /// <exception cref="StatusException">401: credentials were shown and none of them is good.</exception>
    public async ValueTask<UserIdentity> AuthenticateAsync(HttpContext context)
    {
        var certificate = CertificateOf(context);
        if (certificate is not null && certificates.Authenticate(certificate) is { } owner)
            return owner;

        var token = context.Request.Headers.Authorization.Count > 0 ? BearerToken(context) : WebSocketToken.Take(context.Request);
        if (token is not null && await tokens.AuthenticateAsync(token, context.RequestAborted) is { } bearer)
            return bearer;

        return certificate is null && token is null ? UserIdentity.Anonymous : throw StatusErrors.Unauthorized();
    }

    private static X509Certificate2? CertificateOf(HttpContext context)
    {
        try
        {
            return context.Connection.ClientCertificate;
        }
        catch (ObjectDisposedException)
        {
            // The connection ended under the request: nobody hears what it is answered.
            throw new OperationCanceledException("the connection has ended");
        }
    }

    private static string? BearerToken(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        const string Scheme = "Bearer ";
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var token = header[Scheme.Length..].Trim();
        return token.Length == 0 ? null : token;
    }
}
