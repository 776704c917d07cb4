using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Probes;

/// <summary>Probes one running container for one purpose, period by period, until cancelled or, for liveness and startup, failed.</summary>
internal sealed class ProbeWorker
{
    private readonly ProbeTarget target;
    private readonly ProbeKind kind;
    private readonly Probe probe;
    private readonly Prober prober;
    private readonly PodProbes results;
    private readonly TimeProvider time;
    private int streak;
    private bool lastSuccess;

    public ProbeWorker(ProbeTarget target, ProbeKind kind, Probe probe, Prober prober, PodProbes results, TimeProvider time)
    {
        this.target = target;
        this.kind = kind;
        this.probe = probe;
        this.prober = prober;
        this.results = results;
        this.time = time;
    }

    private TimeSpan Period => TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds == 0 ? 10 : probe.PeriodSeconds));

    private TimeSpan Timeout => TimeSpan.FromSeconds(Math.Max(1, probe.TimeoutSeconds));

    private int SuccessThreshold => Math.Max(1, probe.SuccessThreshold);

    private int FailureThreshold => probe.FailureThreshold == 0 ? 3 : probe.FailureThreshold;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (kind != ProbeKind.Startup) await results.WaitForStartupAsync(target.ContainerId, cancellationToken);
        var initial = target.StartedAt + TimeSpan.FromSeconds(probe.InitialDelaySeconds) - time.GetUtcNow();
        if (initial > TimeSpan.Zero) await Task.Delay(initial, time, cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            var began = time.GetTimestamp();
            var result = await prober.ProbeAsync(
                target.Container, probe.Handler, Timeout, target.ContainerId, target.PodIP, cancellationToken);
            if (Count(result)) return;
            var left = Period - time.GetElapsedTime(began);
            if (left > TimeSpan.Zero) await Task.Delay(left, time, cancellationToken);
        }
    }

    /// <summary>Counts a result; true when there is nothing more to find out about this container.</summary>
    private bool Count(ProbeResult result)
    {
        streak = streak > 0 && lastSuccess == result.Success ? streak + 1 : 1;
        lastSuccess = result.Success;
        if (!result.Success) results.ReportFailure(target, kind, result.Output);
        if (streak < (result.Success ? SuccessThreshold : FailureThreshold)) return false;
        results.Set(target.ContainerId, kind, result.Success);

        // A failed liveness or startup probe ends the container; a passed startup probe has said all it can.
        return kind == ProbeKind.Startup || (kind == ProbeKind.Liveness && !result.Success);
    }
}

/// <summary>A running container to probe.</summary>
internal sealed record ProbeTarget(Container Container, string ContainerId, string PodIP, DateTimeOffset StartedAt)
{
    /// <summary>An earlier life of this kubelet found this very container ready: it stays so until a probe says otherwise.</summary>
    public bool WasReady { get; init; }

    public bool WasStarted { get; init; }
}
