using System.CommandLine;
using System.Net;
using Cluster.Cli.Hosting;
using Cluster.Client;
using Cluster.Dataplane.Dns;
using Cluster.Proxy;
using Cluster.Proxy.Config;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster proxy</c>: kube-proxy alone, reflecting an API server or, with <c>--config</c>, a file.</summary>
internal static class ProxyCommand
{
    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "how to reach the API server" };
        var file = new Option<string?>("--config") { Description = "a YAML file of services to balance instead of an API server; read again when it changes" };
        var name = new Option<string?>("--hostname-override") { Description = "name of this node; the host's name otherwise" };
        var address = new Option<string?>("--node-ip") { Description = "address of this node, or one of each family behind a comma; those of the default routes otherwise" };
        var services = new Option<string>("--service-cluster-ip-range") { Description = "addresses of services: a range, or one of each family behind a comma", DefaultValueFactory = _ => "10.96.0.0/16,fd00:10:96::/112" };
        var pods = new Option<string>("--cluster-cidr") { Description = "addresses of pods: a range, or one of each family behind a comma", DefaultValueFactory = _ => "10.244.0.0/16" };
        var dns = new Option<string>("--cluster-dns") { Description = "address DNS answers at", DefaultValueFactory = _ => "10.96.0.10" };
        var shortcuts = new Option<bool>("--dns-search-shortcuts") { Description = "answer a pod's first search at once with what its search path leads to", DefaultValueFactory = _ => true };
        var mode = new Option<string>("--proxy-mode") { Description = "relay: connect or relay services; nftables: the kernel's address translation, for hosts whose policy demands it", DefaultValueFactory = _ => "relay" };
        mode.AcceptOnlyFromAmong("relay", "nftables");
        var domain = new Option<string>("--cluster-domain") { Description = "domain of services", DefaultValueFactory = _ => "cluster.local" };
        var health = new Option<int>("--healthz-port") { Description = "port of /healthz", DefaultValueFactory = _ => 10256 };
        var metrics = new Option<int>("--metrics-port") { Description = "port of /metrics, on loopback", DefaultValueFactory = _ => 10249 };
        var cgroup = new Option<string?>("--cgroup") { Description = "cgroup v2 folder whose processes are connected to backends from the start; the root of the hierarchy otherwise" };
        var command = new Command("proxy", "Reflect the API's services on this node and spread TCP and UDP over their backends.")
        {
            data, kubeconfig, file, name, address, services, pods, dns, shortcuts, domain, health, metrics, cgroup, mode,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            CompleteInline();
            if (parsed.GetValue(file) is { } path) return FromFileAsync(path, cancellationToken);
            DataDirectory folder = DataDirectory.At(parsed.GetValue(data)!);
            if (!Environment.IsPrivilegedProcess) throw new CliException("the proxy needs root (routes, ports): run it as root, or with sudo");
            Directory.CreateDirectory(folder.Logs);
            Directory.CreateDirectory(folder.Run);
            ProxySupervisor.Record(folder);
            var options = new ProxyOptions
            {
                NodeName = parsed.GetValue(name) ?? NodeFacts.Name(),
                NodeAddresses = parsed.GetValue(address) is { } given ? OptionText.Addresses("--node-ip", given) : [NodeFacts.Address()],
                ServiceRanges = OptionText.Networks("--service-cluster-ip-range", parsed.GetValue(services)!),
                KernelNat = parsed.GetValue(mode) == "nftables",
                PodRanges = OptionText.Networks("--cluster-cidr", parsed.GetValue(pods)!),
                Health = new IPEndPoint(IPAddress.Any, parsed.GetValue(health)),
                Metrics = new IPEndPoint(IPAddress.Loopback, parsed.GetValue(metrics)),
                DnsAddress = new IPEndPoint(OptionText.Address("--cluster-dns", parsed.GetValue(dns)!), 53),
                ClusterDomain = parsed.GetValue(domain)!,
                Dns = new DnsServerOptions { SearchShortcuts = parsed.GetValue(shortcuts) },
                OwnedPath = folder.Owned,
                SavedPath = folder.ServiceTable,
                CgroupPath = parsed.GetValue(cgroup),
            };
            IApiClient client = ComponentOptions.Client(parsed.GetValue(kubeconfig) ?? folder.ComponentKubeconfig("proxy"));
            return ComponentHost.RunAsync(
                Path.Combine(folder.Logs, "proxy.log"),
                (logs, token) => new KubeProxy(client, options, logs, TimeProvider.System).RunAsync(token),
                cancellationToken);
        });
        return command;
    }

    // Read once, by the first socket. This process does little but relay, and completions that run on the thread that polled the socket
    // are worth +45% requests per second to the managed path. Who has set it has a reason.
    private static void CompleteInline()
    {
        const string name = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
        if (Environment.GetEnvironmentVariable(name) is null) Environment.SetEnvironmentVariable(name, "1");
    }

    private static Task<int> FromFileAsync(string path, CancellationToken cancellationToken) => ComponentHost.RunAsync(
        null,
        async (logs, token) =>
        {
            try
            {
                await new FileProxy(path, logs, TimeProvider.System).RunAsync(token);
            }
            catch (ConfigException failure)
            {
                throw new CliException($"--config {path}: {failure.Message}");
            }
            catch (IOException failure)
            {
                throw new CliException($"--config {path}: {failure.Message}");
            }
        },
        cancellationToken);
}
