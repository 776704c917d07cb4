using System.Security.Cryptography.X509Certificates;

namespace Cluster.Client;

/// <summary>What every pod is given to find its API server.</summary>
public static class InClusterConnection
{
    private const string AccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <exception cref="InvalidDataException">This is no pod, or it has no token.</exception>
    public static ClusterConnection Find() =>
        Find(Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"), Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT"), AccountFolder);

    internal static ClusterConnection Find(string? host, string? port, string accountFolder)
    {
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
        {
            throw new InvalidDataException("not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
        }

        return At(new UriBuilder("https", host, int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)).Uri, accountFolder);
    }

    /// <summary>A pod's credentials for a server that is told: the proxy can't use the service address that it makes reachable itself.</summary>
    /// <exception cref="InvalidDataException">There is no token.</exception>
    public static ClusterConnection At(Uri server, string accountFolder)
    {
        var token = Path.Combine(accountFolder, "token");
        if (!File.Exists(token))
        {
            throw new InvalidDataException($"not in a cluster: there is no {token}");
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(Path.Combine(accountFolder, "ca.crt"));
        var ns = Path.Combine(accountFolder, "namespace");
        return new()
        {
            Server = server,
            Authorities = authorities,
            Token = new TokenFile(token, TimeProvider.System),
            Namespace = File.Exists(ns) ? File.ReadAllText(ns).Trim() : "default",
        };
    }
}
