using System.Collections.Concurrent;
using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Probes;

/// <summary>
/// The probes of one pod's running containers and what they found, by container id: a restarted container starts afresh.
/// Probes run on tasks of their own, so one that hangs delays neither the others nor the pod's worker.
/// </summary>
internal sealed class PodProbes(Prober prober, TimeProvider time, Action changed, Action<Container, ProbeKind, string> failed) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Id, ProbeKind Kind), bool> results = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> started = new();
    private readonly Dictionary<string, Running> running = [];

    /// <summary>Starts probes of new containers and ends those of containers that are gone. Called by the pod's worker.</summary>
    public void Sync(IReadOnlyCollection<ProbeTarget> targets)
    {
        foreach (var gone in running.Keys.Except(targets.Select(target => target.ContainerId)).ToList())
        {
            running.Remove(gone, out var ended);
            ended!.Stop.Cancel();
            started.TryRemove(gone, out _);
            foreach (var kind in Enum.GetValues<ProbeKind>()) results.TryRemove((gone, kind), out _);
        }

        foreach (var target in targets.Where(target => !running.ContainsKey(target.ContainerId)))
            running[target.ContainerId] = Start(target);
    }

    /// <summary>Ready by its readiness probe, or for want of one, once its startup probe passed.</summary>
    public bool IsReady(Container container, string id) =>
        IsStarted(container, id) && (container.ReadinessProbe is null || results.GetValueOrDefault((id, ProbeKind.Readiness)));

    public bool IsStarted(Container container, string id) =>
        container.StartupProbe is null || results.GetValueOrDefault((id, ProbeKind.Startup));

    /// <summary>The probe that says the container must be killed, or null.</summary>
    public ProbeKind? Condemned(string id) =>
        results.TryGetValue((id, ProbeKind.Liveness), out var alive) && !alive ? ProbeKind.Liveness
        : results.TryGetValue((id, ProbeKind.Startup), out var up) && !up ? ProbeKind.Startup
        : null;

    public void Set(string id, ProbeKind kind, bool success)
    {
        if (results.TryGetValue((id, kind), out var before) && before == success) return;
        results[(id, kind)] = success;
        if (kind == ProbeKind.Startup && success) StartupOf(id).TrySetResult();
        changed();
    }

    public void ReportFailure(ProbeTarget target, ProbeKind kind, string output) => failed(target.Container, kind, output);

    public Task WaitForStartupAsync(string id, CancellationToken cancellationToken) => StartupOf(id).Task.WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var probes in running.Values) await probes.Stop.CancelAsync();
        foreach (var probes in running.Values) await probes.Done;
        running.Clear();
    }

    private Running Start(ProbeTarget target)
    {
        var stop = new CancellationTokenSource();
        var container = target.Container;
        if (target.WasReady) results[(target.ContainerId, ProbeKind.Readiness)] = true;
        if (target.WasStarted) results[(target.ContainerId, ProbeKind.Startup)] = true;
        var startup = target.WasStarted ? null : container.StartupProbe;
        if (startup is null) StartupOf(target.ContainerId).TrySetResult();
        (ProbeKind Kind, Probe? Probe)[] wanted =
            [(ProbeKind.Startup, startup), (ProbeKind.Readiness, container.ReadinessProbe), (ProbeKind.Liveness, container.LivenessProbe)];
        var workers = wanted.Where(pair => pair.Probe?.Handler is not null)
            .Select(pair => RunAsync(new ProbeWorker(target, pair.Kind, pair.Probe!, prober, this, time), stop.Token));
        return new Running(stop, Task.WhenAll(workers.ToList()));
    }

    private static async Task RunAsync(ProbeWorker worker, CancellationToken cancellationToken)
    {
        // Off the pod worker's stack at once.
        await Task.Yield();
        try
        {
            await worker.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The container went away.
        }
    }

    private TaskCompletionSource StartupOf(string id) =>
        started.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private sealed record Running(CancellationTokenSource Stop, Task Done);
}
