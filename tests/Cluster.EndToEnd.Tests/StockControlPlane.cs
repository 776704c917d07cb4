using System.Net;

namespace Cluster.EndToEnd.Tests;

/// <summary>
/// Our API server with Kubernetes' own scheduler and controller manager, and its own proxy in a network namespace. The folder of the
/// binaries is named by CLUSTER_STOCK_BINARIES.
/// </summary>
public sealed class StockControlPlane : IAsyncLifetime
{
    private const string NetworkNamespace = "cluster-stock";
    private const string HostLink = "cluster-stock0";
    private const string Node = "stock-1";

    private static readonly string? Binaries = Environment.GetEnvironmentVariable("CLUSTER_STOCK_BINARIES");

    private readonly string _data = Machine.NewDataFolder();
    private readonly int _port = Machine.FreePort();
    private readonly List<IAsyncDisposable> _parts = [];
    private int _namespaces;

    /// <summary>This machine's side of the link into the proxy's network.</summary>
    internal static IPAddress HostAddress { get; } = IPAddress.Parse("198.18.77.1");

    /// <summary>Another address of it: what kube-proxy 1.20 keeps of a service's endpoints is one for each IP address, whatever their ports.</summary>
    internal static IPAddress OtherHostAddress { get; } = IPAddress.Parse("198.18.77.3");

    internal Dictionary<string, LoggedProcess> Components { get; } = [];

    private string Kubeconfig => Path.Combine(_data, "kubeconfig");

    public async ValueTask InitializeAsync()
    {
        if (!CanRun) return;
        try
        {
            await AddNetworkAsync();
            Start("apiserver", Machine.ClusterBinary,
                "apiserver", "--data", _data, "--bind-address", $"{HostAddress}", "--advertise-address", $"{HostAddress}", "--secure-port", $"{_port}",
                "--service-cluster-ip-range", "10.93.0.0/16");
            var kubectl = new Kubectl(Machine.Kubectl120, Kubeconfig, "default");
            await Poll.UntilAsync("the API server is ready", async () => (await kubectl.TryAsync("get", "--raw", "/readyz")).Output == "ok");
            _parts.Add(await PlayedKubelet.StartAsync(Kubeconfig, Node, "stock-2"));
            StartComponents();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in Enumerable.Reverse(_parts)) await part.DisposeAsync();
        _parts.Clear();
        // The link goes with the namespace.
        if (CanRun) await CommandResult.RunAsync("ip", ["netns", "delete", NetworkNamespace], TimeSpan.FromSeconds(10));
        if (Directory.Exists(_data)) Directory.Delete(_data, recursive: true);
    }

    /// <summary>The older kubectl, of the components' own version, in a new namespace.</summary>
    internal async Task<Kubectl> KubectlAsync()
    {
        Machine.RequireCluster();
        Assert.SkipWhen(string.IsNullOrEmpty(Binaries), "CLUSTER_STOCK_BINARIES names no folder with kube-scheduler, kube-controller-manager and kube-proxy (see README.md)");
        string ns = $"stock-{Interlocked.Increment(ref _namespaces)}";
        var kubectl = new Kubectl(Machine.Kubectl120, Kubeconfig, ns);
        await kubectl.RunAsync("create", "namespace", ns);
        await Poll.UntilAsync("the controller manager makes the namespace's account", async () => (await kubectl.TryAsync("get", "serviceaccount", "default")).ExitCode == 0);
        return kubectl;
    }

    /// <summary>Runs a command where the proxy's rules hold.</summary>
    internal static Task<CommandResult> InsideAsync(params string[] command) =>
        CommandResult.RunAsync("ip", ["netns", "exec", NetworkNamespace, .. command], TimeSpan.FromSeconds(20));

    private static bool CanRun => Environment.IsPrivilegedProcess && !string.IsNullOrEmpty(Binaries);

    private void StartComponents()
    {
        Start("kube-scheduler", Binary("kube-scheduler"),
            ["--port", "0", "--secure-port", $"{Machine.FreePort()}", .. Common("scheduler")]);
        Start("kube-controller-manager", Binary("kube-controller-manager"),
        [
            "--port", "0", "--secure-port", $"{Machine.FreePort()}", .. Common("controller-manager"),
            "--service-account-private-key-file", Pki("sa.key"), "--root-ca-file", Pki("ca.crt"), "--use-service-account-credentials",
            "--flex-volume-plugin-dir", Path.Combine(_data, "volume-plugins"),
        ]);
        Start("kube-proxy", "ip",
            "netns", "exec", NetworkNamespace, Binary("kube-proxy"), "--kubeconfig", Pki("proxy.kubeconfig"), "--proxy-mode", "iptables",
            "--hostname-override", Node, "--cluster-cidr", "10.244.0.0/16", "--conntrack-max-per-core", "0", "--conntrack-min", "0",
            "--conntrack-tcp-timeout-established", "0", "--conntrack-tcp-timeout-close-wait", "0",
            "--healthz-bind-address", "127.0.0.1:10256", "--metrics-bind-address", "127.0.0.1:10249");
    }

    private void Start(string name, string file, params string[] arguments)
    {
        var process = new LoggedProcess(file, arguments);
        Components[name] = process;
        _parts.Add(process);
    }

    private string[] Common(string name)
    {
        string kubeconfig = Pki(name + ".kubeconfig");
        return
        [
            "--kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
            "--bind-address", "127.0.0.1", "--cert-dir", Path.Combine(_data, name),
        ];
    }

    private string Pki(string file) => Path.Combine(_data, "pki", file);

    private static string Binary(string name) => Path.Combine(Binaries!, name);

    private static async Task AddNetworkAsync()
    {
        string[] commands =
        [
            $"netns add {NetworkNamespace}",
            $"link add {HostLink} type veth peer name eth0 netns {NetworkNamespace}",
            $"addr add {HostAddress}/29 dev {HostLink}",
            $"addr add {OtherHostAddress}/29 dev {HostLink}",
            $"link set {HostLink} up",
            $"-n {NetworkNamespace} addr add 198.18.77.2/29 dev eth0",
            $"-n {NetworkNamespace} link set eth0 up",
            $"-n {NetworkNamespace} link set lo up",
            $"-n {NetworkNamespace} route add default via {HostAddress}",
        ];
        foreach (string command in commands) (await CommandResult.RunAsync("ip", command.Split(' '), TimeSpan.FromSeconds(10))).Succeeded();
    }
}

/// <summary>One for all tests of Kubernetes' own components.</summary>
[CollectionDefinition(Name)]
public sealed class SharedStockControlPlane : ICollectionFixture<StockControlPlane>
{
    public const string Name = "stock control plane";
}
