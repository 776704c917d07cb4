using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Kubelet.Probes;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Compares a pod's spec with its containers. Pure: decides, does nothing.</summary>
public sealed class PodPlanner
{
    private readonly PodSpec spec;
    private readonly PodObservation observed;
    private readonly Func<string, ProbeKind?> condemned;
    private readonly Func<Container, string, bool> isStarted;

    /// <param name="condemned">The probe, if any, by which a container id must be killed.</param>
    /// <param name="isStarted">Whether a container's startup probe passed.</param>
    public PodPlanner(PodSpec spec, PodObservation observed, Func<string, ProbeKind?> condemned, Func<Container, string, bool> isStarted)
    {
        this.spec = spec;
        this.observed = observed;
        this.condemned = condemned;
        this.isStarted = isStarted;
    }

    public PodPlan Plan()
    {
        if (HasRunToItsEnd()) return new PodPlan { IsComplete = true };
        if (observed.RunningSandbox is not { } sandbox) return NewSandbox();
        var kills = new List<KillOrder>();
        var starts = new List<StartOrder>();
        var initialized = PlanInit(sandbox.Id, kills, starts);
        foreach (var container in initialized ? spec.Containers : []) PlanContainer(container, kills, starts, restartAlways: false);
        starts.AddRange(spec.EphemeralContainers.Select(PlanEphemeral).OfType<StartOrder>());

        // What runs but is not in the spec (any more).
        var names = spec.AllContainers().Select(container => container.Name).ToHashSet();
        kills.AddRange(
            observed.Running.Where(running => !names.Contains(running.Row.ContainerName)).Select(
                running => new KillOrder(running, "no longer in the pod's spec")));
        return new PodPlan { Kill = kills, Start = starts };
    }

    private PodPlan NewSandbox() => new()
    {
        NewSandboxAttempt = observed.Sandboxes.Count == 0 ? 0 : observed.Sandboxes[0].Row.Attempt + 1,
        Kill = observed.Running.Select(running => new KillOrder(running, "its pod sandbox is gone")).ToList(),
    };

    /// <summary>Every container ended and the policy restarts none, or an init container failed for good.</summary>
    private bool HasRunToItsEnd()
    {
        if (spec.RestartPolicy is not ("Never" or "OnFailure")) return false;
        if (spec.RestartPolicy == "Never"
            && spec.InitContainers.Any(
                container => !container.IsSidecar() && observed.Newest(container.Name) is { IsDead: true, Succeeded: false }))
            return !spec.Containers.Any(container => observed.Newest(container.Name) is { IsRunning: true });
        return spec.Containers.All(
            container => observed.Newest(container.Name) is { IsDead: true } ended && !Restarts(ended, restartAlways: false));
    }

    /// <summary>Plans the next init container; true when the main containers may run.</summary>
    private bool PlanInit(string sandboxId, List<KillOrder> kills, List<StartOrder> starts)
    {
        var begun = spec.Containers.Any(
            container => observed.Newest(container.Name) is { IsStillborn: false } newest && newest.Row.SandboxId == sandboxId);
        foreach (var container in spec.InitContainers)
        {
            var newest = observed.Newest(container.Name);

            // Init containers of an earlier sandbox count for nothing: the new one's network was never prepared.
            var current = newest is not null && newest.Row.SandboxId == sandboxId ? newest : null;
            if (container.IsSidecar())
            {
                PlanContainer(container, kills, starts, restartAlways: true);
                if (!begun && !(current is { IsRunning: true } && isStarted(container, current.Id))) return false;
                continue;
            }

            if (begun || current is { Succeeded: true }) continue;
            if (current is null or { IsStillborn: true }) starts.Add(new StartOrder(container, NextAttempt(newest), newest));
            else if (current.IsDead)
                PlanContainer(container, kills, starts, restartAlways: false, failureRestarts: spec.RestartPolicy != "Never");
            return false;
        }

        return true;
    }

    /// <summary>An ephemeral container starts once, whatever the others do, and never again.</summary>
    private StartOrder? PlanEphemeral(EphemeralContainer ephemeral)
    {
        var container = EphemeralContainers.ToContainer(ephemeral);
        if (observed.Newest(container.Name) is { IsStillborn: false }) return null;
        if (ephemeral.TargetContainerName.Length == 0) return new StartOrder(container, 0, null);
        return observed.Newest(ephemeral.TargetContainerName) is { IsRunning: true } target
            ? new StartOrder(container, 0, null) { ProcessesOf = target.Id }
            : null;
    }

    private void PlanContainer(
        Container container, List<KillOrder> kills, List<StartOrder> starts, bool restartAlways, bool failureRestarts = false)
    {
        var newest = observed.Newest(container.Name);
        if (newest is null or { IsStillborn: true })
        {
            starts.Add(new StartOrder(container, NextAttempt(newest), newest is null ? null : observed.Previous(container.Name)));
        }
        else if (newest.IsRunning)
        {
            if (newest.Row.Hash != ContainerHash.Of(container))
                kills.Add(new KillOrder(newest, $"Container {container.Name} definition changed, will be restarted"));
            else if (condemned(newest.Id) is { } probe)
                kills.Add(
                    new KillOrder(
                        newest, $"Container {container.Name} failed {probe.ToString().ToLowerInvariant()} probe, will be restarted"));
        }
        else if (newest.IsDead && (failureRestarts || Restarts(newest, restartAlways)))
        {
            starts.Add(new StartOrder(container, newest.Row.Attempt + 1, newest));
        }
    }

    private bool Restarts(SeenContainer ended, bool restartAlways) =>
        restartAlways || spec.RestartPolicy switch { "Never" => false, "OnFailure" => !ended.Succeeded, _ => true };

    // A stillborn container is replaced under its own number.
    private static int NextAttempt(SeenContainer? newest) =>
        newest is null ? 0 : newest.IsStillborn ? newest.Row.Attempt : newest.Row.Attempt + 1;
}
