using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>Constraints by which a pod demands that its like be spread evenly over domains (nodes with the same value of a label).</summary>
internal sealed class PodTopologySpread : IFilterPlugin
{
    private static readonly string[] TooSkewed = ["node(s) didn't match pod topology spread constraints"];
    private static readonly string[] NoDomain = ["node(s) didn't match pod topology spread constraints (missing required label)"];

    public string Name => nameof(PodTopologySpread);

    public ClusterEvents WakesOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels | ClusterEvents.PodPlaced | ClusterEvents.PodGone;

    public NodeFilter? Prepare(SchedulingCycle cycle)
    {
        var constraints = cycle.Pod.Spec.TopologySpreadConstraints.Where(constraint => constraint.WhenUnsatisfiable == "DoNotSchedule")
            .Select(constraint => new Domains(constraint, cycle)).ToArray();
        return constraints.Length == 0 ? null : node => Check(node, constraints);
    }

    private static string[]? Check(NodeState node, Domains[] constraints)
    {
        foreach (var constraint in constraints)
        {
            if (!node.Labels.TryGetValue(constraint.Key, out var domain))
                return NoDomain;
            if (!constraint.Allows(domain))
                return TooSkewed;
        }

        return null;
    }

    // The pod's like counted by domain, over the nodes that the pod selects.
    private sealed class Domains
    {
        private readonly Dictionary<string, int> _counts = [];
        private readonly int _fewest;
        private readonly int _maxSkew;
        private readonly int _self;

        public Domains(TopologySpreadConstraint constraint, SchedulingCycle cycle)
        {
            Key = constraint.TopologyKey;
            _maxSkew = constraint.MaxSkew;
            var like = LabelSelector.From(constraint.LabelSelector);
            _self = like.Matches(cycle.Pod.Pod) ? 1 : 0;
            var selects = NodeAffinity.Selector(cycle.Pod);
            foreach (var node in cycle.Nodes)
            {
                if (node.Labels.TryGetValue(Key, out var domain) && selects?.Invoke(node) != false)
                    _counts[domain] = _counts.GetValueOrDefault(domain) + node.Pods.Count(pod => IsLike(pod, cycle.Pod, like));
            }

            var tooFewDomains = constraint.HasMinDomains && _counts.Count < constraint.MinDomains;
            _fewest = tooFewDomains ? 0 : _counts.Values.DefaultIfEmpty().Min();
        }

        public string Key { get; }

        public bool Allows(string domain) => _counts.GetValueOrDefault(domain) + _self - _fewest <= _maxSkew;

        private static bool IsLike(PodFacts pod, PodFacts own, LabelSelector like) =>
            pod.Key.Namespace == own.Key.Namespace && !pod.IsTerminating && like.Matches(pod.Labels);
    }
}
