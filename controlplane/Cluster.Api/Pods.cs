using Cluster.Api.CoreV1;

namespace Cluster.Api;

/// <summary>What several components ask of a pod. All methods only read, but SetCondition.</summary>
public static partial class Pods
{
    /// <summary>The pod serves: its Ready condition is True.</summary>
    public static bool IsReady(this Pod pod) => pod.GetCondition("Ready")?.Status == "True";

    /// <summary>All containers ended and none will start again: phase Succeeded or Failed.</summary>
    public static bool IsTerminal(this Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    /// <summary>Deletion was asked for.</summary>
    public static bool IsTerminating(this Pod pod) => pod.Metadata?.DeletionTimestamp is not null;

    /// <summary>A node was chosen.</summary>
    public static bool IsScheduled(this Pod pod) => !string.IsNullOrEmpty(pod.Spec?.NodeName);

    /// <summary>The pod counts for its controller: not ended, not on its way out.</summary>
    public static bool IsActive(this Pod pod) => !pod.IsTerminal() && !pod.IsTerminating();

    /// <summary>The condition of the type, or null.</summary>
    public static PodCondition? GetCondition(this Pod pod, string type) => pod.Status?.GetCondition(type);

    /// <inheritdoc cref="GetCondition(Pod, string)"/>
    public static PodCondition? GetCondition(this PodStatus status, string type)
    {
        foreach (var condition in status.Conditions)
        {
            if (condition.Type == type)
            {
                return condition;
            }
        }
        return null;
    }

    /// <summary>Adds the condition, or puts it in the place of the one of its type.</summary>
    /// <remarks>The time of the last transition stays while the status stays.</remarks>
    /// <returns>Whether anything but the probe time changed.</returns>
    public static bool SetCondition(this PodStatus status, PodCondition condition)
    {
        var old = status.GetCondition(condition.Type);
        if (old is null)
        {
            status.Conditions.Add(condition);
            return true;
        }
        if (old.Status == condition.Status)
        {
            condition.LastTransitionTime = old.LastTransitionTime;
        }
        var changed = old.Status != condition.Status || old.Reason != condition.Reason || old.Message != condition.Message;
        status.Conditions[status.Conditions.IndexOf(old)] = condition;
        return changed;
    }

    /// <summary>The status of a container by name, or null.</summary>
    public static ContainerStatus? GetContainerStatus(this Pod pod, string container) =>
        pod.Status?.ContainerStatuses.FirstOrDefault(status => status.Name == container);

    /// <summary>An init container that starts before the others and then runs beside them.</summary>
    public static bool IsSidecar(this Container container) => container.RestartPolicy == "Always";
}
