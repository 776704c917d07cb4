using Cluster.Client;

namespace Cluster.Proxy.CommandLine;

/// <summary>Where the API server is and who calls, from a kubeconfig, a URL, or what every pod is given.</summary>
internal static class ApiServerConnection
{
    private const string AccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <exception cref="UsageException">Nothing says where it is, or what says so can't be used.</exception>
    public static ClusterConnection Find(ProxySettings settings)
    {
        try
        {
            if (settings.Kubeconfig is { } path) return Over(Kubeconfig.Load(path).Connect(), settings.Master);
            if (settings.Master is { } master) return File.Exists(Path.Combine(AccountFolder, "token")) ? InClusterConnection.At(master, AccountFolder) : new ClusterConnection { Server = master };
            return InClusterConnection.Find();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or InvalidDataException or System.Security.Cryptography.CryptographicException)
        {
            throw settings.Kubeconfig is { } path
                ? new UsageException($"--kubeconfig {path}: {failure.Message}", exitCode: 1)
                : new UsageException($"{failure.Message}; say by --kubeconfig, --master or --config where services come from");
        }
    }

    private static ClusterConnection Over(ClusterConnection connection, Uri? master) => master is null ? connection : connection with { Server = master };
}
