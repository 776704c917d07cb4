using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Probes;
using Cluster.Kubelet.Status;
using Cluster.Kubelet.Variables;
using Cluster.Kubelet.Volumes;

namespace Cluster.Kubelet.PodWorkers;

/// <summary>
/// One pod's state on this machine and the steps that change it. Called by the pod's worker, one call at a time: observe, say what
/// is seen, compare, act, and, if anything was done, look again.
/// </summary>
internal sealed class PodSync : IAsyncDisposable
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
        volumes = new PodVolumes(node.Directory(uid), node.MemoryDirectory(uid), node.Objects, new TokenCache(node.Tokens, node.Time), node.Time);
        writer = new PodStatusWriter(pod, node.Client, node.Time, node.Logger);
        lastWords = new LastWords(node.Runtime, node.Directory(uid));
        starter = new ContainerStarter(node);
        end = new PodEnd(node, volumes);
        foreach (var status in (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? []).Where(status => status.ContainerID.Length > 0))
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

    private async Task<SyncResult> StartAsync(PodPlan plan, PodObservation observed, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, string> paths;
        try
        {
            paths = await volumes.MountAsync(current, new PodAddresses(PodIP(observed), node.Options.NodeAddress), node.Allocatable, cancellationToken);
        }
        catch (MountException exception)
        {
            node.Events.Warning(current, "FailedMount", exception.Message);
            return new SyncResult(node.Options.SyncPeriod, HasFailures: true);
        }

        if (plan.NewSandboxAttempt is { } attempt) return await NewSandboxAsync(attempt, observed, cancellationToken);
        var place = new StartPlace(observed.RunningSandbox!.Id, PodIP(observed), paths);
        foreach (var name in waiting.Keys.Except(plan.Start.Select(order => order.Container.Name)).ToList()) waiting.Remove(name);
        var next = PodVolumes.Changes(current) ? node.Options.VolumePeriod : node.Options.SyncPeriod;
        var started = false;
        var failed = false;
        foreach (var order in plan.Start)
        {
            var outcome = await StartOneAsync(order, place, cancellationToken);
            started |= outcome.Started;
            failed |= outcome.RetryAfter == TimeSpan.Zero;
            if (outcome.RetryAfter > TimeSpan.Zero && outcome.RetryAfter < next) next = outcome.RetryAfter;
        }

        await end.RemoveOldAsync(observed, cancellationToken);
        if (started) return Again();
        if (plan.Start.Count > 0) await PublishAsync(observed, cancellationToken);
        return new SyncResult(Deadline(next), failed);
    }

    private async Task<SyncResult> NewSandboxAsync(int attempt, PodObservation observed, CancellationToken cancellationToken)
    {
        if (attempt > 0) node.Events.Normal(current, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
        foreach (var old in observed.Sandboxes) await node.Runtime.RemoveAsync(old.Id, cancellationToken);
        try
        {
            await node.Runtime.RunSandboxAsync(SandboxSpecs.For(current, attempt), cancellationToken);
        }
        catch (RuntimeException exception)
        {
            node.Events.Warning(current, "FailedCreatePodSandBox", $"Failed to create pod sandbox: {exception.Message}");
            Touch();
            return new SyncResult(node.Options.SyncPeriod, HasFailures: true);
        }

        return Again();
    }

    /// <returns>Whether it was started; else when to try again, zero for the worker's own back-off.</returns>
    private async Task<(bool Started, TimeSpan RetryAfter)> StartOneAsync(StartOrder order, StartPlace place, CancellationToken cancellationToken)
    {
        var container = order.Container;
        var key = $"{current.Metadata.Uid}/{container.Name}/{ContainerHash.Of(container)}";
        if (order.Previous is { } previous)
        {
            var left = node.BackOff.Remaining(key, previous.FinishedAt);
            if (left > TimeSpan.Zero)
            {
                BackOff(container, node.BackOff.Current(key));
                return (false, left);
            }

            node.BackOff.Next(key, previous.FinishedAt);
        }

        // A container that vanished without a trace (removed by hand) still counts.
        if (order.Previous is null && lastAttempts.TryGetValue(container.Name, out var last) && last >= order.Attempt) order = order with { Attempt = last + 1 };
        try
        {
            await starter.StartAsync(current, order, place, cancellationToken);
            waiting.Remove(container.Name);
            return (true, TimeSpan.Zero);
        }
        catch (StartException exception)
        {
            waiting[container.Name] = (exception.Reason, exception.Message);
            Touch();
            return (false, exception.RetryAfter ?? TimeSpan.Zero);
        }
    }

    private void BackOff(Container container, TimeSpan delay)
    {
        var name = $"{current.Metadata.Name}_{current.Metadata.Namespace}({current.Metadata.Uid})";
        var message = $"back-off {Durations.Text(delay)} restarting failed container={container.Name} pod={name}";
        if (waiting.TryGetValue(container.Name, out var before) && before.Message == message) return;
        waiting[container.Name] = ("CrashLoopBackOff", message);
        node.Events.Warning(current, container, "BackOff", $"Back-off restarting failed container {container.Name} in pod {name}");
    }

    /// <summary>The pod has run to its end, or was refused: what is left stops, and stays for its logs.</summary>
    private async Task<SyncResult> RestAsync(PodObservation observed, CancellationToken cancellationToken)
    {
        probes.Sync([]);
        waiting.Clear();
        if (await end.StopAsync(current, observed, new PodTarget(current, false).Grace(node.Options.DefaultGrace), cancellationToken)) return Again();
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

    private async Task PublishAsync(PodObservation observed, CancellationToken cancellationToken)
    {
        var ip = PodIP(observed);
        var ending = current.IsTerminating();
        if (!ending && failure is null) probes.Sync(Targets(observed, ip).ToList());
        var shown = new Dictionary<string, string>();
        foreach (var image in observed.Containers.Select(container => container.Row.ImageId).Distinct()) shown[image] = await node.Images.ShownIdAsync(image, cancellationToken);
        var inputs = new StatusInputs
        {
            Pod = current,
            Observed = observed,
            Waiting = waiting,
            IsReady = (container, id) => !ending && probes.IsReady(container, id),
            IsStarted = probes.IsStarted,
            ShownImages = shown,
            LastWords = await lastWords.ReadAsync(current, observed, cancellationToken),
            PodIP = ip,
            HostIP = node.Options.NodeAddress,
            StartTime = startTime,
            Now = node.Time.GetUtcNow(),
            Failure = failure,
        };
        Status = PodStatusBuilder.Build(inputs);
        writer.Set(Status);
    }

    private IEnumerable<ProbeTarget> Targets(PodObservation observed, string ip) =>
        from container in current.Spec.Containers.Concat(current.Spec.InitContainers.Where(container => container.IsSidecar()))
        let newest = observed.Newest(container.Name)
        where newest is { IsRunning: true }
        let known = current.Status?.ContainerStatuses.FirstOrDefault(status => status.ContainerID == PodStatusBuilder.ContainerId(newest))
        select new ProbeTarget(container, newest.Id, ip, newest.Details.StartedAt ?? newest.Row.CreatedAt)
        {
            WasReady = known?.Ready == true,
            WasStarted = known?.Started == true,
        };

    private string PodIP(PodObservation observed)
    {
        if (observed.RunningSandbox is not { } sandbox) return (Status ?? current.Status)?.PodIP ?? "";
        return current.Spec.HostNetwork ? node.Options.NodeAddress : sandbox.Row.Address.Length > 0 ? sandbox.Row.Address : sandbox.Details.Address;
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

    private void ReportProbe(Container container, ProbeKind kind, string output) =>
        node.Events.Warning(current, container, "Unhealthy", $"{kind} probe failed: {output}");

    private SyncResult Again()
    {
        Touch();
        return new SyncResult(TimeSpan.Zero);
    }

    private void Touch() => stamp = node.Observer.Stamp();
}
