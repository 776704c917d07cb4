using Cluster.Api.MetaV1;
using Google.Protobuf;
using Beta = Cluster.Api.PolicyV1Beta1.PodDisruptionBudget;
using Budget = Cluster.Api.PolicyV1.PodDisruptionBudget;

namespace Cluster.Api.Conversion;

/// <summary>
/// PodDisruptionBudgets of v1 and v1beta1 differ in what an empty selector means: every pod of the namespace, and none. What the other
/// version has no empty selector for is said by a label that no pod has, as in Kubernetes.
/// </summary>
internal static class BudgetConversion
{
    private const string Label = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";

    private static readonly LabelSelector Empty = new();
    private static readonly LabelSelector HasLabel = Expression("Exists");
    private static readonly LabelSelector LacksLabel = Expression("DoesNotExist");

    public static Budget FromBeta(Beta budget)
    {
        var converted = Budget.Parser.ParseFrom(budget.ToByteString());
        if (converted.Spec is { Selector: { } selector } spec)
        {
            if (selector.Equals(Empty))
                spec.Selector = HasLabel.Clone();
            else
                WithoutLabel(selector);
        }

        return converted;
    }

    public static Beta ToBeta(Budget budget)
    {
        var converted = Beta.Parser.ParseFrom(budget.ToByteString());
        if (converted.Spec is { Selector: { } selector } spec)
        {
            if (selector.Equals(Empty))
                spec.Selector = LacksLabel.Clone();
            else if (selector.Equals(HasLabel))
                spec.Selector = new LabelSelector();
        }

        return converted;
    }

    // It stands for nothing beside what users ask for; alone it was all pods, and so is what is left.
    private static void WithoutLabel(LabelSelector selector)
    {
        for (var i = selector.MatchExpressions.Count - 1; i >= 0; i--)
        {
            if (selector.MatchExpressions[i].Key == Label)
                selector.MatchExpressions.RemoveAt(i);
        }
    }

    private static LabelSelector Expression(string @operator) =>
        new() { MatchExpressions = { new LabelSelectorRequirement { Key = Label, Operator = @operator } } };
}
