using System.Net;

namespace Cluster.ApiServer.Pki;

/// <summary>What a leaf certificate says and what it is good for.</summary>
/// <param name="CommonName">CN: the user name of a client.</param>
/// <param name="Organizations">O: the groups of a client.</param>
internal sealed record CertificateSpec(string CommonName, params string[] Organizations)
{
    public IReadOnlyList<string> DnsNames { get; init; } = [];

    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>May be shown by a server.</summary>
    public bool Server { get; init; }

    /// <summary>May be shown by a client.</summary>
    public bool Client { get; init; }
}
