using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.History;
using Cluster.Controllers.Replication;

namespace Cluster.Controllers.DaemonSets;

/// <summary>The pods of a daemon set by node, at one moment.</summary>
/// <param name="set">The daemon set.</param>
/// <param name="pods">Every pod it owns.</param>
/// <param name="nodes">All nodes.</param>
/// <param name="hash">That of the newest template.</param>
/// <param name="now">Availability is counted up to here.</param>
internal sealed class DaemonPods(DaemonSet set, IReadOnlyList<Pod> pods, IReadOnlyCollection<Node> nodes, string hash, DateTimeOffset now)
{
    private readonly DaemonNodes _fit = new(set);
    private readonly ILookup<string, Pod> _byNode = pods.ToLookup(DaemonNodes.NodeOf);

    public IReadOnlyCollection<Node> Nodes => nodes;

    public IEnumerable<Node> WantedNodes => nodes.Where(_fit.ShouldRun);

    public bool ShouldRun(Node node) => _fit.ShouldRun(node);

    /// <summary>All pods of a node, the ended and the going ones too.</summary>
    public IEnumerable<Pod> On(Node node) => _byNode[node.Metadata.Name];

    public bool IsNew(Pod pod) => RevisionLabel.Of(pod) == hash;

    public bool IsAvailable(Pod pod) => Availability.IsAvailable(pod, set.Spec.MinReadySeconds, now);

    /// <summary>Pods that have ended: they go, and others are made in their place.</summary>
    public IEnumerable<Pod> Ended => pods.Where(pod => pod.IsTerminal() && !pod.IsTerminating());

    /// <summary>Nodes that lack a pod.</summary>
    public IEnumerable<Node> Missing => WantedNodes.Where(node => !On(node).Any());

    /// <summary>Pods that have no business where they are: on nodes that are not for them, or of no node that there is, or one too many.</summary>
    /// <param name="surge">A new pod may run beside an old one until it is available.</param>
    public IEnumerable<Pod> Surplus(bool surge)
    {
        var known = nodes.Select(node => node.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        // A pod bound to a node that is gone is left to the collector of such pods.
        var lost = pods.Where(pod => pod.IsActive() && !pod.IsScheduled() && !known.Contains(DaemonNodes.NodeOf(pod)));
        return lost.Concat(nodes.SelectMany(node => Surplus(node, surge)));
    }

    public DaemonSetStatus Status()
    {
        var wanted = WantedNodes.ToList();
        var serving = wanted.Select(node => Best(On(node).Where(pod => pod.IsActive()))).OfType<Pod>().ToList();
        var available = serving.Count(IsAvailable);
        return new()
        {
            ObservedGeneration = set.Metadata.Generation,
            DesiredNumberScheduled = wanted.Count,
            CurrentNumberScheduled = wanted.Count(node => On(node).Any(pod => pod.IsActive())),
            NumberMisscheduled = nodes.Count(node => !_fit.ShouldRun(node) && On(node).Any(pod => pod.IsActive())),
            NumberReady = serving.Count(pod => pod.IsReady()),
            NumberAvailable = available,
            NumberUnavailable = wanted.Count - available,
            UpdatedNumberScheduled = wanted.Count(node => On(node).Any(pod => pod.IsActive() && IsNew(pod))),
        };
    }

    private IEnumerable<Pod> Surplus(Node node, bool surge)
    {
        var active = On(node).Where(pod => pod.IsActive()).ToList();
        if (!_fit.MayStay(node))
        {
            return active;
        }

        if (!surge)
        {
            return Oldest(active).Skip(1);
        }

        var fresh = Oldest(active.Where(IsNew)).ToList();
        var old = Oldest(active.Where(pod => !IsNew(pod))).ToList();
        return fresh.Skip(1).Concat(fresh.Exists(IsAvailable) ? old : old.Skip(1));
    }

    private static IOrderedEnumerable<Pod> Oldest(IEnumerable<Pod> pods) => pods.OrderByDescending(pod => pod.IsScheduled())
        .ThenBy(pod => pod.Metadata.CreationTimestamp.ToDateTimeOffset()).ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal);

    private Pod? Best(IEnumerable<Pod> pods) => pods.OrderByDescending(IsAvailable).ThenByDescending(pod => pod.IsReady()).FirstOrDefault();
}
