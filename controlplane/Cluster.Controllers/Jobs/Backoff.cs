using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Jobs;

/// <summary>Pods that fail faster than they can help: the next one waits, longer each time.</summary>
internal static class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(6);

    /// <summary>When the next pod may be made after a number of failures, at least one, of which these are the last ones.</summary>
    public static DateTimeOffset After(int failures, IEnumerable<Pod> failed) =>
        failed.Max(EndTime).AddSeconds(Math.Min(First.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 30)), Longest.TotalSeconds));

    private static DateTimeOffset EndTime(Pod pod) => (pod.Status?.ContainerStatuses ?? [])
        .Select(container => container.State?.Terminated?.FinishedAt?.ToDateTimeOffset() ?? DateTimeOffset.MinValue)
        .Append(pod.Metadata.CreationTimestamp.ToDateTimeOffset()).Max();
}
