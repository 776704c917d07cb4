using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Plugins;

/// <summary>A node selector term, ready to be matched: all its expressions and fields must hold. An empty one matches nothing.</summary>
internal sealed class NodeSelection
{
    private readonly LabelRequirement[] _labels;
    private readonly LabelRequirement[] _fields;

    public NodeSelection(NodeSelectorTerm term)
    {
        _labels = [.. term.MatchExpressions.Select(Requirement)];
        _fields = [.. term.MatchFields.Select(Requirement)];
    }

    public bool Matches(NodeState node)
    {
        if (_labels.Length + _fields.Length == 0)
            return false;
        return Array.TrueForAll(_labels, requirement => requirement.Matches(node.Labels)) && (_fields.Length == 0 || MatchesFields(node));
    }

    // metadata.name is the only field of a node that can be selected.
    private bool MatchesFields(NodeState node)
    {
        var fields = new Dictionary<string, string> { ["metadata.name"] = node.Name };
        return Array.TrueForAll(_fields, requirement => requirement.Matches(fields));
    }

    private static LabelRequirement Requirement(NodeSelectorRequirement requirement) => new(
        requirement.Key,
        requirement.Operator switch
        {
            "In" => LabelOperator.In,
            "NotIn" => LabelOperator.NotIn,
            "Exists" => LabelOperator.Exists,
            "DoesNotExist" => LabelOperator.DoesNotExist,
            "Gt" => LabelOperator.GreaterThan,
            _ => LabelOperator.LessThan, // Lt: validation knows no other
        },
        [.. requirement.Values]);
}
