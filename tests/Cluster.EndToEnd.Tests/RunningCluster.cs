namespace Cluster.EndToEnd.Tests;

/// <summary>A cluster of its own ports, ranges and data folder, started by the command people use and ended by it.</summary>
public sealed class RunningCluster : IAsyncLifetime
{
    private readonly string data = Machine.NewDataFolder();
    private int namespaces;

    public int ApiPort { get; } = Machine.FreePort();

    public string DataFolder => data;

    public string Kubeconfig => Path.Combine(data, "kubeconfig");

    /// <summary>What the first <c>up</c> printed, which began with an empty data folder.</summary>
    internal string FirstUp { get; private set; } = "";

    /// <summary>More arguments for <c>up</c>, such as another store.</summary>
    internal IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>The first two numbers of the service range and the pod range.</summary>
    internal string ServicePrefix { get; init; } = "10.97";

    internal string PodPrefix { get; init; } = "10.245";

    internal int KubeletPort { get; } = Machine.FreePort();

    private readonly int kubeletHealthPort = Machine.FreePort();
    private readonly int proxyHealthPort = Machine.FreePort();
    private readonly int proxyMetricsPort = Machine.FreePort();
    private readonly int schedulerPort = Machine.FreePort();
    private readonly int controllersPort = Machine.FreePort();

    public async ValueTask InitializeAsync()
    {
        if (!Environment.IsPrivilegedProcess) return;
        Machine.RequireCluster();
        FirstUp = (await UpAsync()).Succeeded().Output;
        (await CommandResult.RunAsync("bash", [Path.Combine(Machine.ExamplesFolder, "images/build")], TimeSpan.FromMinutes(3))).Succeeded();
    }

    public async ValueTask DisposeAsync()
    {
        if (Environment.IsPrivilegedProcess)
        {
            CommandResult down = await DownAsync("--purge");
            if (down.ExitCode != 0) throw new InvalidOperationException($"down failed: {down.Output}{down.Error}");
        }

        if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
    }

    internal Task<CommandResult> UpAsync(params string[] more) =>
        CommandResult.RunAsync(Machine.ClusterBinary, ["up", .. UpArguments, "--detach", .. more], TimeSpan.FromMinutes(3));

    internal Task<CommandResult> DownAsync(params string[] more) =>
        CommandResult.RunAsync(Machine.ClusterBinary, ["down", "--data", data, .. more], TimeSpan.FromMinutes(2));

    internal Task<CommandResult> CommandAsync(params string[] arguments) =>
        CommandResult.RunAsync(Machine.ClusterBinary, [.. arguments, "--data", data], TimeSpan.FromMinutes(2));

    internal IReadOnlyList<string> UpArguments =>
    [
        "--data", data, "--listen", $"127.0.0.1:{ApiPort}", "--service-cluster-ip-range", ServicePrefix + ".0.0/16",
        "--cluster-cidr", PodPrefix + ".0.0/16", "--cluster-dns", ServicePrefix + ".0.10",
        "--kubelet-port", $"{KubeletPort}", "--kubelet-healthz-port", $"{kubeletHealthPort}", "--proxy-healthz-port", $"{proxyHealthPort}",
        "--proxy-metrics-port", $"{proxyMetricsPort}", "--scheduler-port", $"{schedulerPort}", "--controller-manager-port", $"{controllersPort}",
        .. ExtraArguments,
    ];

    /// <summary>kubectl 1.32 in a new namespace.</summary>
    internal Task<Kubectl> KubectlAsync() => KubectlAsync(Machine.Kubectl132);

    internal async Task<Kubectl> KubectlAsync(string binary)
    {
        Machine.RequireCluster();
        Assert.SkipUnless(File.Exists(binary), $"{binary} is not there");
        string ns = $"e2e-{Interlocked.Increment(ref namespaces)}";
        var kubectl = new Kubectl(binary, Kubeconfig, ns);
        await kubectl.RunAsync("create", "namespace", ns);
        return kubectl;
    }

    /// <summary>Pids of this cluster's own processes: those that name its data folder.</summary>
    internal IReadOnlyList<int> Processes() =>
        [.. Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out int pid) ? pid : 0)
            .Where(pid => pid > 0 && CommandLine(pid).Contains(data, StringComparison.Ordinal) && CommandLine(pid).Contains("cluster", StringComparison.Ordinal))];

    internal static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}

/// <summary>One cluster for all tests that do not break it.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCluster : ICollectionFixture<RunningCluster>
{
    public const string Name = "shared cluster";
}
