using System.Globalization;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>When the change that endpoints follow happened: by it one measures how long a change takes to reach the data plane.</summary>
/// <remarks>A pod's change is its Ready condition's; a service's is its creation. Safe for concurrent use.</remarks>
internal sealed class TriggerTimes
{
    public const string Annotation = "endpoints.kubernetes.io/last-change-trigger-time";

    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, Dictionary<string, DateTimeOffset>> _seen = [];

    /// <summary>The earliest change since the last call, in the annotation's form; null: none that has a time.</summary>
    public string? Next(Service service, IEnumerable<Pod> pods)
    {
        var current = pods.ToDictionary(pod => pod.Metadata.Name, ChangedAt);
        current[""] = service.Metadata.CreationTimestamp.ToDateTimeOffset();
        Dictionary<string, DateTimeOffset>? before;
        lock (_lock)
        {
            before = _seen.GetValueOrDefault(ObjectKey.Of(service));
            _seen[ObjectKey.Of(service)] = current;
        }

        var changes = current.Where(one => one.Value != DateTimeOffset.MinValue && before?.GetValueOrDefault(one.Key) != one.Value).ToList();
        return changes.Count == 0
            ? null
            : changes.Min(one => one.Value).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
    }

    public void Forget(ObjectKey service)
    {
        lock (_lock)
        {
            _seen.Remove(service);
        }
    }

    private static DateTimeOffset ChangedAt(Pod pod) =>
        pod.GetCondition("Ready") is { LastTransitionTime: { } time } ? time.ToDateTimeOffset() : DateTimeOffset.MinValue;
}
