using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Replication;

/// <summary>Whether a pod has been ready for long enough.</summary>
internal static class Availability
{
    public static bool IsAvailable(Pod pod, int minReadySeconds, DateTimeOffset now)
    {
        if (!pod.IsReady())
        {
            return false;
        }

        return minReadySeconds == 0
            || (pod.GetCondition("Ready")!.LastTransitionTime is { } since && since.ToDateTimeOffset().AddSeconds(minReadySeconds) <= now);
    }

    /// <summary>When the next of the pods becomes available by time alone; null: none does.</summary>
    /// <remarks>No event tells of it, and a timer that was set when the pod became ready is lost with the process that set it.</remarks>
    public static TimeSpan? Next(IEnumerable<Pod> pods, int minReadySeconds, DateTimeOffset now)
    {
        if (minReadySeconds == 0)
        {
            return null;
        }

        TimeSpan? next = null;
        foreach (var pod in pods.Where(pod => pod.IsReady() && !IsAvailable(pod, minReadySeconds, now)))
        {
            var since = pod.GetCondition("Ready")!.LastTransitionTime?.ToDateTimeOffset() ?? now;
            var wait = since.AddSeconds(minReadySeconds) - now;
            next = next < wait ? next : wait;
        }

        return next;
    }
}
