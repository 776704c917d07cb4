using System.CommandLine;
using Cluster.ApiServer.Health;
using Cluster.Cli.Hosting;
using Cluster.Client;

namespace Cluster.Cli.Commands;

/// <summary>The options that components run alone have in common.</summary>
internal static class ComponentOptions
{
    public static Option<string?> Kubeconfig() => new("--kubeconfig") { Description = "how to reach the API server", Required = true };

    public static Option<int> HealthPort(int port) => new("--secure-port") { Description = "port of health and metrics, on loopback", DefaultValueFactory = _ => port };

    public static Option<bool> LeaderElect() => new("--leader-elect") { Description = "take turns with others of the kind by a Lease", DefaultValueFactory = _ => true };

    /// <exception cref="CliException">The file is missing or is no kubeconfig.</exception>
    public static IApiClient Client(string? kubeconfig)
    {
        try
        {
            return KubernetesClients.FromKubeconfig(kubeconfig!);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or InvalidDataException)
        {
            throw new CliException($"--kubeconfig {kubeconfig}: {failure.Message}");
        }
    }

    public static string ReadFile(string option, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{option} {path}: {failure.Message}");
        }
    }

    public static async Task<HealthServer> StartHealthAsync(int port, Func<bool> isReady, CancellationToken cancellationToken)
    {
        try
        {
            return await HealthServer.StartAsync(port, isReady, new PrometheusExporter().Export, cancellationToken);
        }
        catch (IOException failure)
        {
            throw new CliException($"cannot listen on 127.0.0.1:{port}: {failure.Message}: choose another port with --secure-port");
        }
    }
}
