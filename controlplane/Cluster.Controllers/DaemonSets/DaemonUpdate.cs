using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.DaemonSets;

/// <summary>A rolling update's next step: which old pods go, and which nodes get a new pod beside their old one.</summary>
/// <param name="set">The daemon set.</param>
/// <param name="pods">Its pods by node.</param>
internal sealed class DaemonUpdate(DaemonSet set, DaemonPods pods)
{
    private readonly RollingUpdateDaemonSet _rolling = set.Spec.UpdateStrategy?.RollingUpdate ?? new();

    public bool IsRolling => set.Spec.UpdateStrategy?.Type != "OnDelete";

    /// <summary>Nodes that may have two pods for a while.</summary>
    public int MaxSurge => IsRolling ? Amounts.Resolve(_rolling.MaxSurge, pods.WantedNodes.Count(), 0, up: true) : 0;

    /// <summary>Nodes that may be without a pod; if nothing may be in excess, one, or nothing could ever move.</summary>
    private int MaxUnavailable
    {
        get
        {
            var most = Amounts.Resolve(_rolling.MaxUnavailable, pods.WantedNodes.Count(), MaxSurge > 0 ? 0 : 1, up: true);
            return most == 0 && MaxSurge == 0 ? 1 : most;
        }
    }

    /// <summary>Old pods to delete now: all that serve nobody, and of the serving ones as many as may be missing.</summary>
    public IEnumerable<Pod> Victims()
    {
        var states = pods.WantedNodes.Select(node => pods.On(node).Where(pod => pod.IsActive()).ToList()).ToList();
        var unavailable = states.Count(active => !active.Exists(pods.IsAvailable));
        // Where a new pod is on its way, the old one waits for it; a pod that counts double is taken care of as surplus.
        var old = states.Where(active => active.Count == 1 && !pods.IsNew(active[0])).Select(active => active[0]).ToList();
        var serving = old.Where(pods.IsAvailable).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal);
        return old.Where(pod => !pods.IsAvailable(pod)).Concat(serving.Take(Math.Max(0, MaxUnavailable - unavailable)));
    }

    /// <summary>Nodes that get a new pod beside the old.</summary>
    public IEnumerable<Node> Surging()
    {
        var states = pods.WantedNodes.Select(node => (Node: node, Active: pods.On(node).Where(pod => pod.IsActive()).ToList())).ToList();
        var surging = states.Count(state => state.Active.Count > 1);
        return states.Where(state => state.Active.Count == 1 && !pods.IsNew(state.Active[0])).Select(state => state.Node).Take(Math.Max(0, MaxSurge - surging));
    }
}
