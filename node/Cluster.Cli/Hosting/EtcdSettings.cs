namespace Cluster.Cli.Hosting;

/// <summary>Which etcd, and the PEM files by which both sides know each other.</summary>
/// <param name="Endpoints">Empty: the embedded store is used.</param>
/// <param name="CaFile">The authorities that signed the members' certificates; null: the system's.</param>
internal sealed record EtcdSettings(IReadOnlyList<Uri> Endpoints, string? CaFile, string? CertificateFile, string? KeyFile)
{
    public bool IsUsed => Endpoints.Count > 0;
}
