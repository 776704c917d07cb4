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
}
