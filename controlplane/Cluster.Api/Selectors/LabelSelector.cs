using Google.Protobuf.Collections;

namespace Cluster.Api.Selectors;

/// <summary>Chooses objects by their labels: every requirement must hold. Immutable.</summary>
public sealed class LabelSelector
{
    private readonly LabelRequirement[] requirements;
    private readonly bool nothing;

    private LabelSelector(IEnumerable<LabelRequirement> requirements, bool nothing = false)
    {
        this.requirements = requirements.OrderBy(requirement => requirement.Key, StringComparer.Ordinal).ToArray();
        this.nothing = nothing;
    }

    /// <summary>Matches every object.</summary>
    public static LabelSelector Everything { get; } = new([]);

    /// <summary>Matches no object.</summary>
    public static LabelSelector Nothing { get; } = new([], nothing: true);

    /// <summary>In the order of their keys.</summary>
    public IReadOnlyList<LabelRequirement> Requirements => requirements;

    /// <summary>True when every object matches.</summary>
    public bool IsEmpty => requirements.Length == 0 && !nothing;

    /// <summary>Reads the text form: <c>app=web,tier in (a,b),!canary</c>; empty text matches everything.</summary>
    /// <exception cref="StatusException">400 BadRequest, with Kubernetes' text for what was found where.</exception>
    public static LabelSelector Parse(string text) =>
        string.IsNullOrEmpty(text) ? Everything : new(new LabelSelectorParser(text).Parse());

    /// <summary>The selector of an API object: null matches nothing, an empty one everything.</summary>
    /// <exception cref="StatusException">400 BadRequest: an operator is unknown. A validated object never has one.</exception>
    public static LabelSelector From(MetaV1.LabelSelector? selector) => selector is null
        ? Nothing
        : new(Pairs(selector.MatchLabels).Concat(selector.MatchExpressions.Select(Requirement)));

    /// <summary>The equality-only selector of a service or replication controller; an empty one matches everything.</summary>
    /// <remarks>Who treats an empty selector as "none" (services do) asks <see cref="IsEmpty"/> first.</remarks>
    public static LabelSelector From(IDictionary<string, string> labels) => new(Pairs(labels));

    public bool Matches(IDictionary<string, string> labels)
    {
        foreach (var requirement in requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }
        return !nothing;
    }

    /// <summary>Whether the object's labels match.</summary>
    public bool Matches(IApiObject obj) => Matches(obj.Metadata?.Labels ?? NoLabels);

    /// <summary>The text form; equal selectors have equal texts.</summary>
    public override string ToString() => string.Join<LabelRequirement>(',', requirements);

    private static readonly MapField<string, string> NoLabels = [];

    private static IEnumerable<LabelRequirement> Pairs(IDictionary<string, string> labels) =>
        labels.Select(label => new LabelRequirement(label.Key, LabelOperator.Equals, [label.Value]));

    private static LabelRequirement Requirement(MetaV1.LabelSelectorRequirement requirement) => new(
        requirement.Key,
        requirement.Operator switch
        {
            "In" => LabelOperator.In,
            "NotIn" => LabelOperator.NotIn,
            "Exists" => LabelOperator.Exists,
            "DoesNotExist" => LabelOperator.DoesNotExist,
            var other => throw StatusErrors.BadRequest($"{GoText.Quote(other)} is not a valid label selector operator"),
        },
        [.. requirement.Values]);
}
