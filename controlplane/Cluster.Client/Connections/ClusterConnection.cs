using System.Security.Cryptography.X509Certificates;

namespace Cluster.Client;

/// <summary>Where a cluster is, how to know it, and who calls.</summary>
public sealed record ClusterConnection
{
    public required Uri Server { get; init; }

    /// <summary>Whom the server's certificate must come from; null: the system's roots.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Do not check the server's certificate. Anyone can then be the server.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>The name the certificate must have, if not the server's.</summary>
    public string? TlsServerName { get; init; }

    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>The bearer token; asked for each request, since a token file changes.</summary>
    public IBearerToken? Token { get; init; }

    /// <summary>The namespace that commands mean when they name none.</summary>
    public string Namespace { get; init; } = "default";
}
