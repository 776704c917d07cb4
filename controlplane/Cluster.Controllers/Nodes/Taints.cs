using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Nodes;

/// <summary>The taints that tell of a node's condition, and what tolerates them.</summary>
internal static class Taints
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";
    public const string Unschedulable = "node.kubernetes.io/unschedulable";
    public const string NoSchedule = "NoSchedule";
    public const string NoExecute = "NoExecute";

    private static readonly (string Condition, string Key)[] Pressures =
    [
        ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
    ];

    /// <summary>Keys that no new pod shall be placed on now.</summary>
    public static IEnumerable<string> NoScheduleKeys(Node node)
    {
        if (HealthKey(node) is { } key)
        {
            yield return key;
        }

        foreach (var (condition, pressure) in Pressures)
        {
            if (StatusOf(node, condition) == "True")
            {
                yield return pressure;
            }
        }

        if (node.Spec?.Unschedulable == true)
        {
            yield return Unschedulable;
        }
    }

    /// <summary>True for the keys that <see cref="NoScheduleKeys"/> decides about; others belong to people.</summary>
    public static bool IsOurs(Taint taint) =>
        taint.Key is NotReady or Unreachable
        || (taint.Effect == NoSchedule && (taint.Key == Unschedulable || Pressures.Any(pressure => pressure.Key == taint.Key)));

    /// <summary>The taint that a node's readiness asks for; null: it is ready.</summary>
    public static string? HealthKey(Node node) => StatusOf(node, "Ready") switch
    {
        "True" => null,
        "False" => NotReady,
        "Unknown" => Unreachable,
        // A node that never reported is not ready, and nothing runs there.
        _ => NotReady,
    };

    public static string? StatusOf(Node node, string condition) =>
        node.Status?.Conditions.FirstOrDefault(one => one.Type == condition)?.Status;

    public static bool Tolerates(Toleration toleration, Taint taint) =>
        (toleration.Effect.Length == 0 || toleration.Effect == taint.Effect)
        && (toleration.Key.Length == 0 || toleration.Key == taint.Key)
        && (toleration.Operator == "Exists" || (toleration.Operator is "" or "Equal" && toleration.Value == taint.Value));

    /// <summary>How long a pod may stay on a node with these taints, counted from when each was added.</summary>
    /// <returns>The time it must go; <see cref="DateTimeOffset.MinValue"/>: now; null: it may stay.</returns>
    public static DateTimeOffset? EvictionTime(Pod pod, IEnumerable<Taint> taints, DateTimeOffset now)
    {
        DateTimeOffset? earliest = null;
        foreach (var taint in taints)
        {
            var matching = pod.Spec.Tolerations.Where(toleration => Tolerates(toleration, taint)).ToList();
            if (matching.Count == 0)
            {
                return DateTimeOffset.MinValue;
            }

            // Kubernetes takes the shortest of those that have a time; one without does not outweigh it.
            var limited = matching.Where(toleration => toleration.HasTolerationSeconds).ToList();
            if (limited.Count > 0)
            {
                var added = taint.TimeAdded is null ? now : taint.TimeAdded.ToDateTimeOffset();
                var at = added.AddSeconds(Math.Max(0, limited.Min(toleration => toleration.TolerationSeconds)));
                earliest = earliest < at ? earliest : at;
            }
        }

        return earliest;
    }
}
