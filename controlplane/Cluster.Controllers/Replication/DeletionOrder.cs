using System.Globalization;
using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Replication;

/// <summary>Which pods go first when there are too many: the one that is missed least.</summary>
/// <remarks>
/// Kubernetes' ranks in its order: not assigned; Pending, then Unknown, then Running; not ready; lower deletion cost; more of the owner's pods on
/// the node; ready for less time; more restarts; newer. Times are compared by their binary logarithm, so that pods of about the same age
/// are equal and the choice between them is by uid, that is, random.
/// </remarks>
internal sealed class DeletionOrder : IComparer<Pod>
{
    private const string CostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

    private readonly Dictionary<string, int> _activePerNode;
    private readonly DateTimeOffset _now;

    /// <param name="related">Every active pod of the owner, or of the owner's owner: those that share nodes with it.</param>
    /// <param name="now">Ages are counted from here.</param>
    public DeletionOrder(IEnumerable<Pod> related, DateTimeOffset now)
    {
        _now = now;
        _activePerNode = related.Where(pod => pod.IsScheduled()).GroupBy(pod => pod.Spec.NodeName).ToDictionary(node => node.Key, node => node.Count());
    }

    public int Compare(Pod? x, Pod? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        Span<int> ranks =
        [
            x.IsScheduled().CompareTo(y.IsScheduled()),
            PhaseRank(x).CompareTo(PhaseRank(y)),
            x.IsReady().CompareTo(y.IsReady()),
            Cost(x).CompareTo(Cost(y)),
            // More neighbours go first.
            Neighbours(y).CompareTo(Neighbours(x)),
            CompareAge(ReadySince(x), ReadySince(y)),
            Restarts(y).CompareTo(Restarts(x)),
            CompareAge(x.Metadata.CreationTimestamp.ToDateTimeOffset(), y.Metadata.CreationTimestamp.ToDateTimeOffset()),
        ];
        foreach (var rank in ranks)
        {
            if (rank != 0)
            {
                return rank;
            }
        }

        return string.CompareOrdinal(x.Metadata.Uid, y.Metadata.Uid);
    }

    private static int PhaseRank(Pod pod) => pod.Status?.Phase switch { "Running" => 2, "Unknown" => 1, _ => 0 };

    private static int Cost(Pod pod) =>
        pod.Metadata.Annotations.TryGetValue(CostAnnotation, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost) ? cost : 0;

    private int Neighbours(Pod pod) => _activePerNode.GetValueOrDefault(pod.Spec?.NodeName ?? "");

    private static DateTimeOffset? ReadySince(Pod pod) =>
        pod.IsReady() ? pod.GetCondition("Ready")?.LastTransitionTime.ToDateTimeOffset() : null;

    private static int Restarts(Pod pod) =>
        pod.Status is null ? 0 : pod.Status.ContainerStatuses.Select(container => container.RestartCount).DefaultIfEmpty().Max();

    /// <summary>The younger is the lesser.</summary>
    private int CompareAge(DateTimeOffset? x, DateTimeOffset? y) =>
        x is null || y is null ? 0 : LogAge(x.Value).CompareTo(LogAge(y.Value));

    private int LogAge(DateTimeOffset since)
    {
        var seconds = (_now - since).TotalSeconds;
        return seconds < 1 ? 0 : 1 + (int)Math.Log2(seconds);
    }
}
