using System.CommandLine;
using Cluster.Cli.Hosting;
using Cluster.Client;
using Cluster.Containers;
using Cluster.Containers.Docker;
using Cluster.Containers.Network;
using Cluster.Kubelet;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster kubelet</c>: a node's kubelet alone.</summary>
internal static class KubeletCommand
{
    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        Option<string?> kubeconfig = ComponentOptions.Kubeconfig();
        var name = new Option<string?>("--hostname-override") { Description = "name of this node; the host's name otherwise" };
        var address = new Option<string?>("--node-ip") { Description = "address of this node; that of the default route otherwise" };
        var dns = new Option<string>("--cluster-dns") { Description = "address of the DNS service", DefaultValueFactory = _ => "10.96.0.10" };
        var domain = new Option<string>("--cluster-domain") { Description = "domain of services", DefaultValueFactory = _ => "cluster.local" };
        var ranges = new Option<string>("--cluster-ranges")
        {
            Description = "addresses of pods and services, with commas: what leaves them is masqueraded", DefaultValueFactory = _ => "10.244.0.0/16,10.96.0.0/16",
        };
        var port = new Option<int>("--port") { Description = "HTTPS port", DefaultValueFactory = _ => 10250 };
        var health = new Option<int>("--healthz-port") { Description = "port of /healthz, on loopback", DefaultValueFactory = _ => 10248 };
        var idle = new Option<string>("--streaming-connection-idle-timeout")
        {
            Description = "a client's streams that move nothing for so long are ended", DefaultValueFactory = _ => "4h",
        };
        var certificate = new Option<string?>("--tls-cert-file") { Description = "serving certificate, PEM" };
        var key = new Option<string?>("--tls-private-key-file") { Description = "its key, PEM" };
        var clientCa = new Option<string?>("--client-ca-file") { Description = "the authority callers' certificates must be signed by, PEM" };
        var command = new Command("kubelet", "Run this node's pods on Docker.")
        {
            data, kubeconfig, name, address, dns, domain, ranges, port, health, idle, certificate, key, clientCa,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (!Environment.IsPrivilegedProcess) throw new CliException("the kubelet needs root (containers, mounts): run it as root, or with sudo");
            DataDirectory folder = DataDirectory.Prepare(parsed.GetValue(data)!);
            IApiClient client = ComponentOptions.Client(parsed.GetValue(kubeconfig));
            var options = new KubeletOptions
            {
                NodeName = parsed.GetValue(name) ?? NodeFacts.Name(),
                NodeAddress = (parsed.GetValue(address) is { } given ? OptionText.Address("--node-ip", given) : NodeFacts.Address()).ToString(),
                RootDirectory = folder.Pods,
                DrainSocket = folder.DrainSocket,
                ClusterDns = OptionText.Address("--cluster-dns", parsed.GetValue(dns)!).ToString(),
                ClusterDomain = parsed.GetValue(domain)!,
                Port = parsed.GetValue(port),
                HealthzPort = parsed.GetValue(health),
                StreamingConnectionIdleTimeout = OptionText.Duration("--streaming-connection-idle-timeout", parsed.GetValue(idle)!),
                Certificates = (parsed.GetValue(certificate), parsed.GetValue(key), parsed.GetValue(clientCa)) is ({ } cert, { } pem, { } ca)
                    ? new KubeletCertificates(cert, pem, ca)
                    : null,
            };
            string[] clusterRanges = [.. parsed.GetValue(ranges)!.Split(',').Select(range => OptionText.Network("--cluster-ranges", range).ToString())];
            try
            {
                await new DockerEngine(new DockerEngineOptions { DataRoot = folder.Root }, NullLogger.Instance).EnsureAsync(cancellationToken);
            }
            catch (RuntimeException failure)
            {
                throw new CliException(failure.Message);
            }

            return await ComponentHost.RunAsync(
                null,
                async (logs, token) =>
                {
                    using var runtime = new DockerRuntime(new DockerRuntimeOptions { Network = new NodeNetworkOptions { ClusterRanges = clusterRanges, OwnedPath = folder.Owned } }, logs);
                    await new Kubelet.Kubelet(client, runtime, options, logs, TimeProvider.System).RunAsync(token);
                },
                cancellationToken);
        });
        return command;
    }
}
