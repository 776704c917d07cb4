using System.Net;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Health;
using Cluster.ApiServer.Pki;
using Cluster.ApiServer.Registry;
using Cluster.Cli.Commands;
using Cluster.Client;
using Cluster.Containers;
using Cluster.Containers.Docker;
using Cluster.Controllers;
using Cluster.Kubelet;
using Cluster.Scheduler;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>All components of <c>up</c> in one process, but the proxy, which it supervises. Started in order, stopped in reverse.</summary>
internal sealed class ClusterHost(ClusterSettings settings, DataDirectory data, ILoggerFactory logs, TextWriter output, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan NodeLimit = TimeSpan.FromSeconds(60);

    private readonly Progress progress = new(output, time);
    private readonly CancellationTokenSource stopping = new();
    private readonly Stack<Func<ValueTask>> undo = new();
    private readonly List<Task> running = [];
    private readonly PrometheusExporter metrics = new();

    public static string ReadyPath(DataDirectory data) => Path.Combine(data.Run, "ready");

    /// <exception cref="CliException">A component could not be started; those before it are stopped by <see cref="DisposeAsync"/>.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        long begin = time.GetTimestamp();
        File.Delete(ReadyPath(data));
        await StartEngineAsync(cancellationToken);
        IStore store = await StartStoreAsync(cancellationToken);
        ClusterPki pki = await progress.StepAsync("certificates and kubeconfig", () => ClusterPki.EnsureAsync(PkiOptions(), cancellationToken));
        await StartApiServerAsync(store, pki, cancellationToken);
        Saved().Save(data);

        var supervisor = new ProxySupervisor(data, ProxyArguments(), logs.CreateLogger<ProxySupervisor>(), time);
        Own("proxy supervisor", supervisor.RunAsync);
        undo.Push(() => new ValueTask(ProxySupervisor.StopAsync(data, time, CancellationToken.None)));
        await progress.StepAsync("controller manager", () => StartControllersAsync(cancellationToken));
        await progress.StepAsync("scheduler", () => StartSchedulerAsync(cancellationToken));
        StartKubelet();
        Own("idle memory", token => IdleMemory.RunAsync(time, token));
        await progress.StepAsync("proxy and DNS", () => Readiness.HttpAsync($"http://127.0.0.1:{settings.ProxyHealthPort}/readyz", NodeLimit, time, cancellationToken));
        await progress.StepAsync($"node {settings.NodeName}", () => Readiness.NodeAsync(KubernetesClients.FromKubeconfig(data.Kubeconfig), settings.NodeName, NodeLimit, time, cancellationToken));

        progress.Say($"ready in {time.GetElapsedTime(begin).TotalSeconds:0.0} s; use it with:");
        progress.Say($"  export KUBECONFIG={data.Kubeconfig}");
        progress.Say("  kubectl get nodes");
        await File.WriteAllTextAsync(ReadyPath(data), "", cancellationToken);
    }

    /// <summary>Returns when the token is cancelled: components are kept running until then.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        File.Delete(ReadyPath(data));
        await stopping.CancelAsync();
        await Task.WhenAll(running).WaitAsync(TimeSpan.FromSeconds(15), time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (undo.TryPop(out Func<ValueTask>? step)) await step();
        metrics.Dispose();
        stopping.Dispose();
    }

    private void Own(string component, Func<CancellationToken, Task> run) =>
        running.Add(Task.Run(() => new ComponentRunner(component, run, logs.CreateLogger("Cluster.Cli"), time).RunAsync(stopping.Token)));

    private async Task StartEngineAsync(CancellationToken cancellationToken)
    {
        await HostTools.EnsureAsync(cancellationToken);
        try
        {
            await progress.StepAsync(
                "container engine",
                () => new DockerEngine(new DockerEngineOptions { DataRoot = data.Root }, logs.CreateLogger<DockerEngine>()).EnsureAsync(cancellationToken));
        }
        catch (RuntimeException failure)
        {
            throw new CliException(failure.Message);
        }
    }

    private async Task<IStore> StartStoreAsync(CancellationToken cancellationToken)
    {
        string name = !settings.Etcd.IsUsed ? $"store (embedded, {data.Store})" : $"store (etcd, {string.Join(',', settings.Etcd.Endpoints)})";
        try
        {
            EncryptedStore store = await progress.StepAsync(name, () => Stores.OpenAsync(settings.Etcd, data, logs, time, cancellationToken));
            undo.Push(store.DisposeAsync);
            store.Follow();
            return store.Store;
        }
        catch (StoreException failure)
        {
            throw new CliException($"the store cannot be opened: {failure.Message}");
        }
    }

    private async Task StartApiServerAsync(IStore store, ClusterPki pki, CancellationToken cancellationToken)
    {
        if (Tracing.Start(settings.TracingConfig) is { } traces)
        {
            undo.Push(() =>
            {
                traces.Dispose();
                return ValueTask.CompletedTask;
            });
        }

        var options = new ApiServer.ApiServerOptions
        {
            Pki = pki,
            Listen = settings.ApiEndPoints,
            Registry = new RegistryOptions
            {
                ServiceRange = settings.ServiceRange,
                Advertise = new IPEndPoint(settings.NodeAddress, settings.Listen.Port),
                DnsAddress = settings.ClusterDns,
            },
            AuditLog = settings.AuditLog,
            Oidc = settings.Oidc,
            Admission = settings.Admission,
            KubeletPort = settings.KubeletPort,
            Metrics = metrics,
            Time = time,
        };
        try
        {
            ApiServer.ApiServer server = await progress.StepAsync(
                $"API server https://{settings.Listen}", () => ApiServer.ApiServer.StartAsync(options, store, logs, cancellationToken));
            undo.Push(server.DisposeAsync);
        }
        catch (Exception failure) when (failure is IOException or AdmissionPluginException)
        {
            throw new CliException($"the API server cannot start: {failure.Message}");
        }
    }

    private async Task StartControllersAsync(CancellationToken cancellationToken)
    {
        string kubeconfig = data.ComponentKubeconfig("controller-manager");
        IApiClient client = KubernetesClients.FromKubeconfig(kubeconfig);
        var manager = new ControllerManager(
            client,
            new ControllerManagerOptions
            {
                SigningCertificateFile = Path.Combine(data.Pki, "ca.crt"),
                SigningKeyFile = Path.Combine(data.Pki, "ca.key"),
                SecretTokens = SecretTokens.Issuer(Path.Combine(data.Pki, "sa.key")),
                AccountClients = KubernetesClients.Accounts(kubeconfig, client, time),
                ClusterCidr = settings.ClusterCidr.ToString(),
                RootCa = await File.ReadAllTextAsync(Path.Combine(data.Pki, "ca.crt"), cancellationToken),
                // The embedded store has one master, who need not wait for the lease of a dead predecessor.
                LeaderElect = settings.Etcd.IsUsed,
                // With etcd: the same name after a kill -9, so that the dead process's lease is its successor's at once. The data folder's lock lets only one live.
                Identity = $"{settings.NodeName}_{data.Root}",
            },
            logs,
            time);
        Own("controller manager", manager.RunAsync);
        await StartHealthAsync(settings.ControllerManagerPort, () => manager.IsReady, cancellationToken);
        await Readiness.TrueAsync(() => manager.IsReady, "the controller manager", NodeLimit, time, cancellationToken);
    }

    private async Task StartSchedulerAsync(CancellationToken cancellationToken)
    {
        var scheduler = new Scheduler.Scheduler(
            KubernetesClients.FromKubeconfig(data.ComponentKubeconfig("scheduler")), new SchedulerOptions(), logs, time);
        Own("scheduler", scheduler.RunAsync);
        await StartHealthAsync(settings.SchedulerPort, () => scheduler.IsReady, cancellationToken);
        await Readiness.TrueAsync(() => scheduler.IsReady, "the scheduler", NodeLimit, time, cancellationToken);
    }

    private void StartKubelet() => Own("kubelet", KubeletFactory.Create(settings, data, logs, time).RunAsync);

    private async Task StartHealthAsync(int port, Func<bool> isReady, CancellationToken cancellationToken)
    {
        HealthServer server = await HealthServer.StartAsync(port, isReady, metrics.Export, cancellationToken);
        undo.Push(server.DisposeAsync);
    }

    private PkiOptions PkiOptions() => new()
    {
        DataDirectory = data.Root,
        NodeName = settings.NodeName,
        NodeAddress = settings.NodeAddress,
        ServerUrl = new Uri($"https://{settings.Listen}"),
        ServiceAddress = settings.ApiServiceAddress,
        Time = time,
    };

    private string[] ProxyArguments() =>
    [
        "proxy", "--data", data.Root, "--kubeconfig", data.ComponentKubeconfig("proxy"), "--hostname-override", settings.NodeName,
        "--node-ip", settings.NodeAddress.ToString(), "--service-cluster-ip-range", settings.ServiceRange.ToString(), "--cluster-cidr", settings.ClusterCidr.ToString(),
        "--cluster-dns", settings.ClusterDns.ToString(), "--cluster-domain", settings.ClusterDomain,
        "--healthz-port", $"{settings.ProxyHealthPort}", "--metrics-port", $"{settings.ProxyMetricsPort}",
    ];

    private SavedSettings Saved() => new()
    {
        ApiUrl = $"https://{settings.Listen}",
        NodeName = settings.NodeName,
        NodeAddress = settings.NodeAddress.ToString(),
        ServiceRange = settings.ServiceRange.ToString(),
        ClusterCidr = settings.ClusterCidr.ToString(),
        KubeletHealthPort = settings.KubeletHealthPort,
        ProxyHealthPort = settings.ProxyHealthPort,
        ProxyMetricsPort = settings.ProxyMetricsPort,
        SchedulerPort = settings.SchedulerPort,
        ControllerManagerPort = settings.ControllerManagerPort,
    };
}
