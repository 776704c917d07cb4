using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;

namespace Cluster.Kubelet.Server;

/// <summary>
/// Who may ask: over TLS the API server and administrators, known by certificate; on loopback anyone, for health and
/// numbers.
/// </summary>
internal static class CallerCheck
{
    private const string Masters = "system:masters";
    private const string OrganizationOid = "2.5.4.10";
    private const string CommonNameOid = "2.5.4.3";

    /// <summary>The name in the certificate by which the API server calls kubelets.</summary>
    private const string ApiServer = "kube-apiserver-kubelet-client";

    public static bool IsSignedBy(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    /// <summary>
    /// Is it the API server, of those <see cref="RequireClusterCaller"/> let in? It has asked whether its own caller may; whoever comes
    /// directly was asked nothing.
    /// </summary>
    public static bool IsApiServer(HttpContext context) =>
        context.Request.IsHttps && context.Connection.ClientCertificate is { } certificate
        && Values(certificate, CommonNameOid).SequenceEqual([ApiServer]);

    public static async Task RequireClusterCaller(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.IsHttps)
        {
            if (IsPublic(context.Request.Path)) await next(context);
            else await RefuseAsync(context, StatusCodes.Status404NotFound, "404 page not found");
        }
        else if (await context.Connection.GetClientCertificateAsync() is not { } certificate)
        {
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "Unauthorized");
        }
        else if (!Values(certificate, OrganizationOid).Contains(Masters))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "Forbidden");
        }
        else
        {
            await next(context);
        }
    }

    private static bool IsPublic(PathString path) => path.Value is "/healthz" or "/livez" or "/readyz" or "/metrics";

    private static IEnumerable<string> Values(X509Certificate2 certificate, string oid)
    {
        foreach (var name in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (!name.HasMultipleElements && name.GetSingleElementType().Value == oid
                && name.GetSingleElementValue() is { } value)
                yield return value;
        }
    }

    private static Task RefuseAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        return context.Response.WriteAsync(text);
    }
}
