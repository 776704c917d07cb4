using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Containers;
using Cluster.Kubelet.Images;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Linux;
using Cluster.Kubelet.Nodes;
using Cluster.Kubelet.PodWorkers;
using Cluster.Kubelet.Probes;
using Cluster.Kubelet.Server;
using Cluster.Kubelet.Sources;
using Cluster.Kubelet.Status;
using Cluster.Kubelet.Volumes;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet;

/// <summary>The node's agent: registers the node and makes the pods bound to it run, on a container runtime.</summary>
/// <remarks>
/// Stopping it leaves containers running; the next kubelet on the same root directory adopts them as they are. Everything it knows
/// beyond the API is in the containers' labels and the pods' directories.
/// </remarks>
public sealed class Kubelet
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerAndGroup = Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    // Long enough for a burst of pods of one ConfigMap, short enough that a pod made after a change sees it.
    private static readonly TimeSpan ObjectLifetime = TimeSpan.FromSeconds(2);

    private readonly IApiClient client;
    private readonly IContainerRuntime runtime;
    private readonly IServiceAccountTokens tokens;
    private readonly KubeletOptions options;
    private readonly ILoggerFactory logs;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private NodeAgent? agent;
    private KubeletServer? server;

    /// <param name="client">The API, as this node.</param>
    /// <param name="runtime">The container engine.</param>
    /// <param name="options">The node's settings.</param>
    /// <param name="logs">Where to log.</param>
    /// <param name="time">The clock of probes, back-offs and heartbeats.</param>
    /// <param name="tokens">Where pods' service account tokens come from; null: the client, if it can ask for them.</param>
    public Kubelet(
        IApiClient client, IContainerRuntime runtime, KubeletOptions options, ILoggerFactory logs, TimeProvider time,
        IServiceAccountTokens? tokens = null)
    {
        this.client = client;
        this.runtime = runtime;
        this.tokens = tokens ?? (client is ITokenRequests requests ? new ApiServiceAccountTokens(requests) : new NoServiceAccountTokens());
        this.options = options;
        this.logs = logs;
        this.time = time;
        logger = logs.CreateLogger<Kubelet>();
    }

    /// <summary>The node is registered, its network stands and pods are being run.</summary>
    public bool IsReady => agent?.IsReady == true;

    /// <summary>The port of the HTTPS server; 0 while there is none.</summary>
    public int Port => server?.Port ?? 0;

    /// <inheritdoc cref="KubeletServer.Routes"/>
    internal IEnumerable<string> Routes => server?.Routes ?? [];

    /// <summary>Runs until cancelled; containers go on running after that.</summary>
    /// <exception cref="RuntimeException">The container engine did not answer at the start.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunNodeAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopped while still starting.
        }
    }

    /// <summary>
    /// Takes away what a kubelet of this root directory left on the host: mounts and pods' files. Call it when no container
    /// is left.
    /// </summary>
    public static void RemoveTraces(string rootDirectory)
    {
        MountTable.UnmountUnder(rootDirectory);
        var pods = PodDirectory.PodsPath(rootDirectory);
        if (Directory.Exists(pods)) Directory.Delete(pods, recursive: true);
    }

    private async Task RunNodeAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.RootDirectory, OwnerAndGroup);
        var memory = MakeMemoryRoot();
        var host = HostFacts.Read(await runtime.GetInfoAsync(cancellationToken), options);
        await using var recorder = new EventRecorder(client, "kubelet", time, logger, options.NodeName);
        using var prober = new Prober(runtime, options.KubernetesVersion);
        var pods = new Informer<Pod>(client, null, new ListQuery { FieldSelector = $"spec.nodeName={options.NodeName}" }, logger, time);
        var services = new Informer<Service>(client, null, ListQuery.All, logger, time);
        var node = Compose(host, new PodEvents(recorder), prober, services, memory);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var workers = new PodWorkerSet(node, stop.Token);
        node.Observer.PodChanged = workers.Wake;
        await using var serving = server = await KubeletServer.StartAsync(
            options, workers, node.Observer, runtime, logs, cancellationToken);
        agent = new NodeAgent(client, runtime, node.Observer, options, host, () => Port == 0 ? options.Port : Port, time, logger);
        List<Task> loops =
        [
            pods.RunAsync(stop.Token), services.RunAsync(stop.Token), node.Observer.RunAsync(stop.Token),
            new NodeLease(client, options, time, logger).RunAsync(stop.Token),
            RunPodsAsync(node, workers, pods, services, stop.Token),
        ];

        // The first loop to end, by cancellation or by a bug, ends the others.
        await Task.WhenAny(loops);
        await stop.CancelAsync();
        await Task.WhenAll(loops);
        await workers.WaitAsync();
    }

    private async Task RunPodsAsync(
        NodeContext node, PodWorkerSet workers, Informer<Pod> pods, Informer<Service> services, CancellationToken cancellationToken)
    {
        try
        {
            await agent!.StartAsync(cancellationToken);

            // Services first: a pod's environment holds those that existed before it.
            await services.WaitForSyncAsync(cancellationToken);
            pods.AddHandler(workers.OnPod);
            await pods.WaitForSyncAsync(cancellationToken);
            await Task.WhenAll(agent.RunAsync(cancellationToken), KeepHouseAsync(node, workers, pods, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private async Task KeepHouseAsync(NodeContext node, PodWorkerSet workers, Informer<Pod> pods, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await time.DelayQuietly(options.HousekeepingPeriod, cancellationToken);
            if (cancellationToken.IsCancellationRequested) return;
            
            // The informer's own list, for its handler may not have been told of every pod yet.
            workers.EndOrphans(pods.List().Select(pod => pod.Metadata.Uid).ToHashSet());
            node.Objects.Trim();
        }
    }

    private NodeContext Compose(HostFacts host, PodEvents events, Prober prober, Informer<Service> services, string memory)
    {
        var objects = new ReferencedObjects(client, ObjectLifetime, time);
        var pulls = new RestartBackOff(options.InitialBackOff, options.MaxBackOff, time);
        return new NodeContext
        {
            Options = options,
            Client = client,
            Runtime = runtime,
            Observer = new ContainerObserver(runtime, options.RelistPeriod, time, logger),
            Objects = objects,
            Images = new ImageService(runtime, objects, events, pulls, time),
            Services = services,
            Tokens = tokens,
            Events = events,
            BackOff = new RestartBackOff(options.InitialBackOff, options.MaxBackOff, time),
            Prober = prober,
            Host = host,
            Time = time,
            Logger = logger,
            MemoryRoot = memory,
        };
    }

    /// <summary>
    /// One file system in memory for all pods' secrets; without the right to mount they stay on disk, readable by root
    /// alone.
    /// </summary>
    private string MakeMemoryRoot()
    {
        var path = Path.GetFullPath(Path.Combine(options.RootDirectory, "memory"));
        Directory.CreateDirectory(path, Owner);
        try
        {
            if (!MountTable.IsMountPoint(path)) FileSystemCalls.MountMemory(path, Owner, null);
        }
        catch (IOException exception)
        {
            logger.LogWarning("Secrets of pods stay on disk: {Message}", exception.Message);
        }

        return path;
    }
}
