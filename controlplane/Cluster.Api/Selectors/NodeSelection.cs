using Cluster.Api.CoreV1;

namespace Cluster.Api.Selectors;

/// <summary>A node selector term, ready to be matched: all its expressions and fields must hold. An empty one matches nothing.</summary>
public sealed class NodeSelection
{
    private readonly LabelRequirement[] _labels;
    private readonly LabelRequirement[] _fields;

    public NodeSelection(NodeSelectorTerm term)
    {
        _labels = [.. term.MatchExpressions.Select(Requirement)];
        _fields = [.. term.MatchFields.Select(Requirement)];
    }

    /// <summary>Whether a node of this name and these labels is selected.</summary>
    public bool Matches(string name, IDictionary<string, string> labels)
    {
        if (_labels.Length + _fields.Length == 0)
            return false;
        return Array.TrueForAll(_labels, requirement => requirement.Matches(labels)) && (_fields.Length == 0 || MatchesFields(name));
    }

    // metadata.name is the only field of a node that can be selected.
    private bool MatchesFields(string name)
    {
        var fields = new Dictionary<string, string> { ["metadata.name"] = name };
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
