using System.Globalization;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.Nodes;

/// <summary>Makes the node known to the cluster, keeps its status true and its pod network standing.</summary>
internal sealed class NodeAgent
{
    // The hard eviction limits.
    private const long MinMemoryBytes = 100L * 1024 * 1024;
    private const double MinDiskShare = 0.10;
    private const double MaxPidShare = 0.95;
    private const int Tries = 5;

    private readonly IApiClient client;
    private readonly IContainerRuntime runtime;
    private readonly ContainerObserver observer;
    private readonly KubeletOptions options;
    private readonly HostFacts host;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Func<int> port;
    private NodeStatus? lastWritten;
    private long lastWrittenAt;
    private string podCidr = "";
    private string? networkTrouble = "the node has no pod range (podCIDR) yet";

    public NodeAgent(
        IApiClient client, IContainerRuntime runtime, ContainerObserver observer, KubeletOptions options, HostFacts host, Func<int> port,
        TimeProvider time, ILogger logger)
    {
        this.client = client;
        this.runtime = runtime;
        this.observer = observer;
        this.options = options;
        this.host = host;
        this.port = port;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>The node is registered and its pod network stands.</summary>
    public bool IsReady => Volatile.Read(ref networkTrouble) is null;

    /// <summary>Registers and waits for the pod range, making the pod network; then returns. Tries until it succeeds.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));
        while (!cancellationToken.IsCancellationRequested)
        {
            await BeatAsync(cancellationToken);
            if (IsReady)
            {
                // Say so at once: the scheduler waits for it.
                await BeatAsync(cancellationToken);
                return;
            }

            await time.DelayQuietly(backoff.Next(), cancellationToken);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await time.DelayQuietly(options.NodeStatusPeriod, cancellationToken);
            await BeatAsync(cancellationToken);
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        try
        {
            var node = await EnsureNodeAsync(cancellationToken);
            await EnsureNetworkAsync(node, cancellationToken);
            await WriteStatusAsync(node, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            // Top of the beat: API or engine are away; the next beat tries again.
            logger.LogWarning("Updating node {Node} failed: {Message}", options.NodeName, exception.Message);
        }
    }

    private async Task<Node> EnsureNodeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var node = await client.GetAsync<Node>(null, options.NodeName, cancellationToken);
            return await EnsureLabelsAsync(node, cancellationToken);
        }
        catch (StatusException exception) when (exception.IsNotFound)
        {
            try
            {
                var created = await client.CreateAsync(NodeStatusBuilder.Registration(options, host), cancellationToken);
                logger.LogInformation("Registered node {Node}", options.NodeName);
                return created;
            }
            catch (StatusException raced) when (raced.IsAlreadyExists)
            {
                return await client.GetAsync<Node>(null, options.NodeName, cancellationToken);
            }
        }
    }

    private async Task<Node> EnsureLabelsAsync(Node node, CancellationToken cancellationToken)
    {
        var missing = NodeStatusBuilder.Labels(options, host)
            .Where(label => !node.Metadata.Labels.TryGetValue(label.Key, out var value) || value != label.Value).ToList();
        if (missing.Count == 0) return node;
        foreach (var (name, value) in missing) node.Metadata.Labels[name] = value;
        return await client.UpdateAsync(node, cancellationToken);
    }

    /// <summary>Each beat, for a restarted engine may have dropped rules, or the range may have been given only now.</summary>
    private async Task EnsureNetworkAsync(Node node, CancellationToken cancellationToken)
    {
        podCidr = node.Spec?.PodCIDR is { Length: > 0 } given ? given : podCidr;
        if (podCidr.Length == 0) return;
        try
        {
            await runtime.EnsureNetworkAsync(podCidr, cancellationToken);
            Volatile.Write(ref networkTrouble, null);
        }
        catch (RuntimeException exception)
        {
            Volatile.Write(ref networkTrouble, exception.Message);
            logger.LogError("The pod network does not stand: {Message}", exception.Message);
        }
    }

    private async Task WriteStatusAsync(Node node, CancellationToken cancellationToken)
    {
        var images = await ImagesAsync(cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var status = NodeStatusBuilder.Build(node.Status, options, host, Health(), images, port(), time.GetUtcNow());
            var due = lastWritten is null || time.GetElapsedTime(lastWrittenAt) >= options.NodeStatusReportPeriod;
            if (!due && Same(status, node.Status)) return;
            try
            {
                node.Status = status;
                await client.UpdateStatusAsync(node, cancellationToken);
                (lastWritten, lastWrittenAt) = (status, time.GetTimestamp());
                return;
            }
            catch (StatusException exception) when (exception.IsConflict && attempt < Tries)
            {
                node = await client.GetAsync<Node>(null, options.NodeName, cancellationToken);
            }
        }
    }

    /// <summary>Equal but for the heartbeats, which the lease beats more cheaply.</summary>
    private static bool Same(NodeStatus status, NodeStatus? stored)
    {
        if (stored is null) return false;
        var (left, right) = (status.Clone(), stored.Clone());
        foreach (var condition in left.Conditions.Concat(right.Conditions)) condition.LastHeartbeatTime = null;
        return left.Equals(right);
    }

    private async Task<IReadOnlyList<ImageDetails>> ImagesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await runtime.ListImagesAsync(cancellationToken);
        }
        catch (RuntimeException)
        {
            // The list is a convenience; an engine in trouble shows in the Ready condition.
            return [];
        }
    }

    private NodeHealth Health()
    {
        var disk = HostFacts.Disk(options.RootDirectory);
        var trouble = networkTrouble
            ?? (observer.IsHealthy ? null : "PLEG is not healthy: the container engine has not answered for 3 minutes");
        return new NodeHealth(
            trouble,
            HostFacts.AvailableMemoryBytes() < MinMemoryBytes,
            disk.AvailableFreeSpace < disk.TotalSize * MinDiskShare,
            PidShare() > MaxPidShare);
    }

    // /proc/loadavg holds running/total tasks in its fourth field.
    private static double PidShare()
    {
        const string Limit = "/proc/sys/kernel/pid_max";
        if (!File.Exists(Limit)) return 0;
        var tasks = File.ReadAllText("/proc/loadavg").Split(' ')[3].Split('/')[1];
        return double.Parse(tasks, CultureInfo.InvariantCulture) / double.Parse(File.ReadAllText(Limit), CultureInfo.InvariantCulture);
    }
}
