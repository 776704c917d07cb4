using Cluster.Api.Selectors;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>Keeps pods of one controller or service apart: the fewer of them a node (and its zone) has, the better.</summary>
internal sealed class SelectorSpread : IScorePlugin
{
    private const string Zone = "topology.kubernetes.io/zone";

    // Where nodes have zones, two thirds of the score are the zone's: losing a zone loses more pods.
    private const double ZoneShare = 2.0 / 3;

    public string Name => nameof(SelectorSpread);

    public void Score(SchedulingCycle cycle, IReadOnlyList<NodeState> nodes, Span<long> scores)
    {
        var services = cycle.Cluster.ServicesIn(cycle.Pod.Key.Namespace).Where(service => service.Spec?.Selector.Count > 0)
            .Select(service => LabelSelector.From(service.Spec.Selector)).Where(selector => selector.Matches(cycle.Pod.Pod)).ToArray();
        if (services.Length == 0 && cycle.Pod.ControllerUid is null)
            return;
        for (var i = 0; i < nodes.Count; i++)
            scores[i] = nodes[i].Pods.Count(pod => IsSibling(cycle.Pod, pod, services));
        ToScores(nodes, scores);
    }

    private static bool IsSibling(PodFacts pod, PodFacts other, LabelSelector[] services)
    {
        if (other.Key.Namespace != pod.Key.Namespace || other.IsTerminating)
            return false;
        if (pod.ControllerUid is { } controller && other.ControllerUid == controller)
            return true;
        return services.Length > 0 && Array.TrueForAll(services, selector => selector.Matches(other.Labels));
    }

    private static void ToScores(IReadOnlyList<NodeState> nodes, Span<long> siblings)
    {
        var byZone = new Dictionary<string, long>();
        long most = 0;
        for (var i = 0; i < nodes.Count; i++)
        {
            most = Math.Max(most, siblings[i]);
            if (nodes[i].Labels.TryGetValue(Zone, out var zone))
                byZone[zone] = byZone.GetValueOrDefault(zone) + siblings[i];
        }

        var mostInZone = byZone.Values.DefaultIfEmpty().Max();
        for (var i = 0; i < nodes.Count; i++)
        {
            var score = Fewer(siblings[i], most);
            if (nodes[i].Labels.TryGetValue(Zone, out var zone))
                score = score * (1 - ZoneShare) + Fewer(byZone[zone], mostInZone) * ZoneShare;
            siblings[i] = (long)score;
        }
    }

    private static double Fewer(long count, long most) => most == 0 ? Scores.Max : (double)Scores.Max * (most - count) / most;
}
