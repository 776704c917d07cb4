using Cluster.Api.CoreV1;

namespace Cluster.Scheduler.Snapshot;

/// <summary>A pod to place: plug-ins may ask anything of it. Immutable.</summary>
public sealed class PendingPod(Pod pod) : PodFacts(pod)
{
    public Pod Pod { get; } = pod;

    public PodSpec Spec { get; } = pod.Spec ?? new PodSpec();

    public int Priority => Spec.HasPriority ? Spec.Priority : 0;
}
