using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Nodes;

/// <summary>Removes pods that no kubelet will ever remove: on nodes that are gone, deleted before they had a node, finished and too many.</summary>
internal sealed class PodGarbageController(ControllerContext context) : IController
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(20);

    /// <summary>A node may only be late in our cache, or registering again.</summary>
    private static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);

    private static readonly ObjectKey Round = new("", "round");

    // Pods that may be removed for another reason than their node: so that a round looks at no other.
    private const string ByEnd = "end";
    private const string Finished = "finished";
    private const string Unplaced = "unplaced";

    // Nodes that pods name and that are not there, and since when. Only the one worker uses it.
    private readonly Dictionary<string, long> _missing = [];
    private Informer<Pod> _pods = null!;
    private Informer<Node> _nodes = null!;

    public string Name => "podgc";

    public int Workers => 1;

    public void Watch(ControllerWatches watches)
    {
        _pods = watches.Read<Pod>();
        _pods.AddIndex(NodeLifecycleController.PodsByNode, pod => [pod.Spec?.NodeName ?? ""]);
        _pods.AddIndex(ByEnd, pod => EndOf(pod) is { } end ? [end] : []);
        _nodes = watches.Read<Node>();
        watches.Add(Round);
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var gone = await GoneNodesAsync(cancellationToken);
        var victims = TooMany(_pods.ByIndex(ByEnd, Finished))
            .Concat(gone.SelectMany(node => _pods.ByIndex(NodeLifecycleController.PodsByNode, node)))
            .Concat(_pods.ByIndex(ByEnd, Unplaced))
            .DistinctBy(pod => pod.Metadata.Uid).ToList();
        foreach (var pod in victims)
        {
            await RemoveAsync(pod, IsOrphan(pod), cancellationToken);
        }

        return Period;

        bool IsOrphan(Pod pod) => pod.IsScheduled() && gone.Contains(pod.Spec.NodeName);
    }

    // To look at them makes objects of what the informer keeps as bytes: mostly it is enough to count them.
    private IEnumerable<Pod> TooMany(IReadOnlyCollection<Pod> finished)
    {
        var excess = finished.Count - context.Options.TerminatedPodThreshold;
        return excess <= 0 ? [] : finished.OrderBy(pod => pod.Metadata.CreationTimestamp.ToDateTimeOffset()).Take(excess);
    }

    private static string? EndOf(Pod pod) => (pod.IsTerminal(), pod.IsTerminating(), pod.IsScheduled()) switch
    {
        (true, false, _) => Finished,
        (_, true, false) => Unplaced,
        _ => null,
    };

    private async Task<HashSet<string>> GoneNodesAsync(CancellationToken cancellationToken)
    {
        var missing = _pods.IndexKeys(NodeLifecycleController.PodsByNode).Where(node => node.Length > 0 && _nodes.Get(null, node) is null).ToHashSet();
        foreach (var back in _missing.Keys.Except(missing).ToList())
        {
            _missing.Remove(back);
        }

        var gone = new HashSet<string>();
        foreach (var node in missing)
        {
            _missing.TryAdd(node, context.Time.GetTimestamp());
            if (context.Time.GetElapsedTime(_missing[node]) >= Quarantine && !await ExistsAsync(node, cancellationToken))
            {
                gone.Add(node);
            }
        }

        return gone;
    }

    private async Task<bool> ExistsAsync(string node, CancellationToken cancellationToken)
    {
        try
        {
            await context.Client.GetAsync<Node>(null, node, cancellationToken);
            return true;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    private async Task RemoveAsync(Pod pod, bool isOrphan, CancellationToken cancellationToken)
    {
        try
        {
            if (isOrphan && !pod.IsTerminal())
            {
                await Disruptions.MarkAsync(context, pod, "DeletionByPodGC", "PodGC: node no longer exists", hasFailed: true, cancellationToken);
            }

            var options = new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new() { Uid = pod.Metadata.Uid } };
            await context.Client.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, options, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Someone was faster.
        }
    }
}
