using System.CommandLine;
using System.Security.Cryptography;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Authentication;
using Cluster.Cli.Hosting;
using Cluster.Client;
using Cluster.Controllers;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster controller-manager</c>: the controllers alone.</summary>
internal static class ControllerManagerCommand
{
    public static Command Create()
    {
        Option<string?> kubeconfig = ComponentOptions.Kubeconfig();
        Option<int> port = ComponentOptions.HealthPort(10257);
        Option<bool> elect = ComponentOptions.LeaderElect();
        var controllers = new Option<string>("--controllers") { Description = "names with commas; * means all, -NAME leaves one out", DefaultValueFactory = _ => "*" };
        var pods = new Option<string>("--cluster-cidr") { Description = "addresses of pods, a /24 a node", DefaultValueFactory = _ => "10.244.0.0/16" };
        var rootCa = new Option<string?>("--root-ca-file") { Description = "the certificate authority published to every namespace" };
        var signingCertificate = new Option<string?>("--cluster-signing-cert-file") { Description = "the authority that signs approved certificate requests" };
        var signingKey = new Option<string?>("--cluster-signing-key-file") { Description = "its key" };
        var tokenKey = new Option<string?>("--service-account-private-key-file") { Description = "the key that signs the tokens of token Secrets" };
        var accounts = new Option<bool>("--use-service-account-credentials") { Description = "each controller writes as its own service account", DefaultValueFactory = _ => true };
        var command = new Command("controller-manager", "Run the control loops.") { kubeconfig, port, elect, controllers, pods, rootCa, tokenKey, accounts, signingCertificate, signingKey };
        command.SetAction((parsed, cancellationToken) =>
        {
            IApiClient client = ComponentOptions.Client(parsed.GetValue(kubeconfig));
            var options = new ControllerManagerOptions
            {
                SigningCertificateFile = parsed.GetValue(signingCertificate),
                SigningKeyFile = parsed.GetValue(signingKey),
                SecretTokens = parsed.GetValue(tokenKey) is { } tokens ? TokenIssuer(tokens) : null,
                AccountClients = parsed.GetValue(accounts) ? KubernetesClients.Accounts(parsed.GetValue(kubeconfig)!, client, TimeProvider.System) : null,
                Controllers = parsed.GetValue(controllers)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                ClusterCidr = OptionText.Network("--cluster-cidr", parsed.GetValue(pods)!).ToString(),
                LeaderElect = parsed.GetValue(elect),
                RootCa = parsed.GetValue(rootCa) is { } file ? ComponentOptions.ReadFile("--root-ca-file", file) : null,
            };
            return ComponentHost.RunAsync(
                null,
                async (logs, token) =>
                {
                    var manager = new ControllerManager(client, options, logs, TimeProvider.System);
                    await using HealthServer health = await ComponentOptions.StartHealthAsync(parsed.GetValue(port), () => manager.IsReady, token);
                    await manager.RunAsync(token);
                },
                cancellationToken,
                tidies: true);
        });
        return command;
    }

    private static Func<ServiceAccount, Secret, string> TokenIssuer(string file)
    {
        try
        {
            return SecretTokens.Issuer(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CliException($"--service-account-private-key-file {file}: {failure.Message}");
        }
    }
}
