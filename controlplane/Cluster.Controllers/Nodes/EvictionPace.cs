using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.Controllers.Nodes;

/// <summary>How fast nodes that are away may lose their pods: slowly, and not at all when it looks as if we were the one cut off.</summary>
/// <remarks>Zones are judged by themselves; when no node anywhere is ready nothing is evicted. Used by one worker.</remarks>
internal sealed class EvictionPace(ControllerManagerOptions options, TimeProvider time)
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    private readonly Dictionary<(string Zone, double Rate), BucketRateLimiter<string>> _buckets = [];

    /// <summary>True: the node may be told to evict its pods now.</summary>
    public bool MayEvict(Node node, IReadOnlyCollection<Node> all)
    {
        var zone = Zone(node);
        var rate = Rate(all, zone);
        if (rate <= 0)
        {
            return false;
        }

        if (!_buckets.TryGetValue((zone, rate), out var bucket))
        {
            _buckets[(zone, rate)] = bucket = new(rate, 1, time);
        }

        return bucket.TryTake();
    }

    private double Rate(IReadOnlyCollection<Node> all, string zone)
    {
        if (all.All(IsAway))
        {
            return 0;
        }

        var inZone = all.Where(node => Zone(node) == zone).ToList();
        var away = inZone.Count(IsAway);
        if (away == inZone.Count || away <= 2 || away < inZone.Count * options.UnhealthyZoneThreshold)
        {
            // A zone that is gone as a whole, while others live, is gone: its pods are moved at the normal pace.
            return options.NodeEvictionRate;
        }

        return inZone.Count > options.LargeClusterSizeThreshold ? options.SecondaryNodeEvictionRate : 0;
    }

    private static bool IsAway(Node node) => Taints.HealthKey(node) is not null;

    private static string Zone(Node node) => node.Metadata.Labels.TryGetValue(ZoneLabel, out var zone) ? zone : "";
}
