using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Probes;
using Cluster.Kubelet.Status;
using Cluster.Kubelet.Volumes;

namespace Cluster.Kubelet.PodWorkers;

/// <summary>
/// One pod's state on this machine and the steps that change it. Called by the pod's worker, one call at a time: observe, say what
/// is seen, compare, act, and, if anything was done, look again.
/// </summary>
internal sealed partial class PodSync : IAsyncDisposable
{
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(10);

    private readonly NodeContext node;
    private readonly Func<Pod, (string Reason, string Message)?> admit;
    private readonly PodInspector inspector;
    private readonly PodProbes probes;
    private readonly PodVolumes volumes;
    private readonly PodStatusWriter writer;
    private readonly LastWords lastWords;
    private readonly ContainerStarter starter;
    private readonly PodEnd end;
    private readonly Dictionary<string, (string Reason, string Message)> waiting = [];
    private readonly Dictionary<string, int> lastAttempts = [];
    private Pod current;
    private long stamp;
    private bool admitted;
    private readonly DateTimeOffset startTime;
    private (string Reason, string Message)? failure;

    public PodSync(NodeContext node, Pod pod, Func<Pod, (string Reason, string Message)?> admit, Action wake)
    {
        this.node = node;
        this.admit = admit;
        current = pod;
        var uid = pod.Metadata.Uid;
        inspector = new PodInspector(node.Runtime);
        probes = new PodProbes(node.Prober, node.Time, wake, ReportProbe);
        volumes = new PodVolumes(
            node.Directory(uid), node.MemoryDirectory(uid), node.Objects, new TokenCache(node.Tokens, node.Time), node.Time);
        writer = new PodStatusWriter(pod, node.Client, node.Time, node.Logger);
        lastWords = new LastWords(node.Runtime, node.Directory(uid));
        starter = new ContainerStarter(node);
        end = new PodEnd(node, volumes);
        foreach (
            var status in (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? []).Where(
                status => status.ContainerID.Length > 0))
            lastAttempts[status.Name] = status.RestartCount;
        startTime = pod.Status?.StartTime is { } started && !started.IsZero() ? started.ToDateTimeOffset() : node.Time.GetUtcNow();
    }

    public PodStatus? Status { get; private set; }

    public async Task<SyncResult> SyncAsync(PodTarget target, CancellationToken cancellationToken)
    {
        current = target.Pod;
        writer.Observe(target.Pod);
        var rows = await node.Observer.GetNewerThanAsync(current.Metadata.Uid, stamp, cancellationToken);
        var observed = await inspector.CompleteAsync(rows, cancellationToken);
        foreach (var seen in observed.Containers.Where(container => !container.IsStillborn))
            lastAttempts[seen.Row.ContainerName] = Math.Max(seen.Row.Attempt, lastAttempts.GetValueOrDefault(seen.Row.ContainerName));
        try
        {
            return target.IsEnding ? await EndAsync(target, observed, cancellationToken) : await RunAsync(observed, cancellationToken);
        }
        catch
        {
            // Half done: whatever was seen before may be untrue now.
            Touch();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await probes.DisposeAsync();
        await writer.DisposeAsync();
    }

    private async Task<SyncResult> RunAsync(PodObservation observed, CancellationToken cancellationToken)
    {
        if (current.IsTerminal()) return await RestAsync(observed, cancellationToken);
        failure ??= Deadline() ?? Admission(observed);
        await PublishAsync(observed, cancellationToken);
        if (failure is not null) return await RestAsync(observed, cancellationToken);
        var plan = new PodPlanner(current.Spec, observed, probes.Condemned, probes.IsStarted).Plan();
        if (plan.IsComplete) return await RestAsync(observed, cancellationToken);
        await Task.WhenAll(plan.Kill.Select(kill => end.KillAsync(current, kill, observed, cancellationToken)));
        if (plan.Kill.Count > 0) return Again();
        return await StartAsync(plan, observed, cancellationToken);
    }

    /// <summary>The pod has run to its end, or was refused: what is left stops, and stays for its logs.</summary>
    private async Task<SyncResult> RestAsync(PodObservation observed, CancellationToken cancellationToken)
    {
        probes.Sync([]);
        waiting.Clear();
        if (await end.StopAsync(current, observed, new PodTarget(current, false).Grace(node.Options.DefaultGrace), cancellationToken))
            return Again();
        if (!current.IsTerminal()) await PublishAsync(observed, cancellationToken);
        return new SyncResult(node.Options.SyncPeriod);
    }

    private async Task<SyncResult> EndAsync(PodTarget target, PodObservation observed, CancellationToken cancellationToken)
    {
        probes.Sync([]);
        waiting.Clear();
        if (!target.IsRemoved) await PublishAsync(observed, cancellationToken);
        if (await end.StopAsync(current, observed, target.Grace(node.Options.DefaultGrace), cancellationToken)) return Again();
        if (!target.IsRemoved) await FlushAsync(cancellationToken);
        await end.RemoveAsync(target, observed, cancellationToken);
        node.BackOff.Forget(current.Metadata.Uid);
        return new SyncResult(TimeSpan.Zero, IsFinished: true);
    }

    /// <summary>The last status should reach the API before the pod goes, but a status it refuses must not keep the pod for ever.</summary>
    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(FlushLimit);
        await writer.FlushAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private (string Reason, string Message)? Admission(PodObservation observed)
    {
        // What runs already was admitted by an earlier life of ours.
        if (admitted || !observed.IsEmpty) return null;
        var refused = admit(current);
        admitted = refused is null;
        if (refused is { } why) node.Events.Warning(current, why.Reason, why.Message);
        return refused;
    }

    private (string Reason, string Message)? Deadline()
    {
        if (!current.Spec.HasActiveDeadlineSeconds || Deadline(TimeSpan.MaxValue) > TimeSpan.Zero) return null;
        const string Message = "Pod was active on the node longer than the specified deadline";
        node.Events.Normal(current, "DeadlineExceeded", Message);
        return ("DeadlineExceeded", Message);
    }

    /// <summary>The delay, or less if the pod's deadline comes before.</summary>
    private TimeSpan Deadline(TimeSpan delay)
    {
        if (!current.Spec.HasActiveDeadlineSeconds) return delay;
        var left = startTime + TimeSpan.FromSeconds(current.Spec.ActiveDeadlineSeconds) - node.Time.GetUtcNow();
        return left < delay ? left > TimeSpan.Zero ? left : TimeSpan.Zero : delay;
    }

    private SyncResult Again()
    {
        Touch();
        return new SyncResult(TimeSpan.Zero);
    }

    private void Touch() => stamp = node.Observer.Stamp();
}
