using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.PodWorkers;

/// <summary>What is wanted of a pod. Immutable.</summary>
/// <param name="IsRemoved">It is gone from the API.</param>
internal sealed record PodTarget(Pod Pod, bool IsRemoved)
{
    public bool IsEnding => IsRemoved || Pod.IsTerminating();

    /// <summary>How long its containers may take to stop.</summary>
    public TimeSpan Grace(TimeSpan fallback)
    {
        if (Pod.Metadata.HasDeletionGracePeriodSeconds) return TimeSpan.FromSeconds(Pod.Metadata.DeletionGracePeriodSeconds);
        return Pod.Spec is { HasTerminationGracePeriodSeconds: true } spec
            ? TimeSpan.FromSeconds(spec.TerminationGracePeriodSeconds)
            : fallback;
    }
}

/// <summary>How a sync ended.</summary>
/// <param name="Next">When to look again without being woken; zero: at once.</param>
internal readonly record struct SyncResult(TimeSpan Next, bool HasFailures = false, bool IsFinished = false);
