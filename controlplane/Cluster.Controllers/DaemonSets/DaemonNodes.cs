using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Controllers.Nodes;

namespace Cluster.Controllers.DaemonSets;

/// <summary>Which nodes a daemon set's pods belong on, and which node a pod was made for.</summary>
internal sealed class DaemonNodes
{
    private const string NameField = "metadata.name";

    /// <summary>A daemon stays whatever happens to its node; others are moved away from such nodes.</summary>
    private static readonly (string Key, string Effect)[] Borne =
    [
        (Taints.NotReady, Taints.NoExecute),
        (Taints.Unreachable, Taints.NoExecute),
        ("node.kubernetes.io/disk-pressure", Taints.NoSchedule),
        ("node.kubernetes.io/memory-pressure", Taints.NoSchedule),
        ("node.kubernetes.io/pid-pressure", Taints.NoSchedule),
        (Taints.Unschedulable, Taints.NoSchedule),
    ];

    private readonly PodSpec _spec;
    private readonly List<Toleration> _tolerations;
    private readonly NodeSelection[]? _selections;

    public DaemonNodes(DaemonSet set)
    {
        _spec = set.Spec.Template?.Spec ?? new();
        _tolerations = [.. _spec.Tolerations, .. Added(_spec)];
        _selections = _spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms
            .Select(term => new NodeSelection(term)).ToArray();
    }

    /// <summary>A pod is to be made for the node if there is none.</summary>
    public bool ShouldRun(Node node) => Selects(node) && Tolerates(node, Taints.NoSchedule, Taints.NoExecute);

    /// <summary>A pod that is there may stay: a taint that only keeps new ones off does not end it.</summary>
    public bool MayStay(Node node) => Selects(node) && Tolerates(node, Taints.NoExecute);

    /// <summary>The node a pod is on or was made for; empty: neither.</summary>
    public static string NodeOf(Pod pod)
    {
        if (pod.IsScheduled())
        {
            return pod.Spec.NodeName;
        }

        var terms = pod.Spec?.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? [];
        return terms.SelectMany(term => term.MatchFields).Where(field => field is { Key: NameField, Operator: "In", Values.Count: 1 })
            .Select(field => field.Values[0]).FirstOrDefault("");
    }

    /// <summary>Makes the pod one for a node: the scheduler places it there and nowhere else.</summary>
    public static void Assign(Pod pod, string node)
    {
        var spec = pod.Spec;
        foreach (var toleration in Added(spec).Where(toleration => !spec.Tolerations.Contains(toleration)).ToList())
        {
            spec.Tolerations.Add(toleration);
        }

        var affinity = (spec.Affinity ??= new()).NodeAffinity ??= new();
        affinity.RequiredDuringSchedulingIgnoredDuringExecution = new()
        {
            NodeSelectorTerms =
            {
                new NodeSelectorTerm { MatchFields = { new NodeSelectorRequirement { Key = NameField, Operator = "In", Values = { node } } } },
            },
        };
    }

    private static IEnumerable<Toleration> Added(PodSpec spec) => Borne
        .Concat(spec.HostNetwork ? [("node.kubernetes.io/network-unavailable", Taints.NoSchedule)] : [])
        .Select(taint => new Toleration { Key = taint.Key, Operator = "Exists", Effect = taint.Effect });

    private bool Selects(Node node)
    {
        var labels = node.Metadata.Labels;
        return (_spec.NodeName.Length == 0 || _spec.NodeName == node.Metadata.Name)
            && _spec.NodeSelector.All(wanted => labels.TryGetValue(wanted.Key, out var value) && value == wanted.Value)
            && (_selections is null || Array.Exists(_selections, selection => selection.Matches(node.Metadata.Name, labels)));
    }

    private bool Tolerates(Node node, params ReadOnlySpan<string> effects)
    {
        foreach (var taint in node.Spec?.Taints ?? [])
        {
            if (effects.Contains(taint.Effect) && !_tolerations.Exists(toleration => Taints.Tolerates(toleration, taint)))
            {
                return false;
            }
        }

        return true;
    }
}
