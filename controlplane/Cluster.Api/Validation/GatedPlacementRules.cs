using Cluster.Api.CoreV1;
using Google.Protobuf.Collections;

namespace Cluster.Api.Validation;

/// <summary>Where a pod may run can be narrowed as long as scheduling gates hold it back: nobody has chosen a node by it yet.</summary>
internal static class GatedPlacementRules
{
    private static readonly FieldPath Selector = FieldPath.Spec.Child("nodeSelector");
    private static readonly FieldPath Terms =
        FieldPath.Spec.Child("affinity").Child("nodeAffinity").Child("requiredDuringSchedulingIgnoredDuringExecution").Child("nodeSelectorTerms");

    /// <summary>Tells what is no narrowing.</summary>
    public static void Check(PodSpec spec, PodSpec before, FieldErrors errors)
    {
        if (before.NodeSelector.Any(label => !spec.NodeSelector.TryGetValue(label.Key, out var now) || now != label.Value))
        {
            errors.Invalid(Selector, spec.NodeSelector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
        }
        var old = TermsOf(before);
        if (old.Count == 0)
        {
            return;
        }
        var now = TermsOf(spec);
        if (now.Count != old.Count)
        {
            errors.Invalid(Terms, now, "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
            return;
        }
        for (var i = 0; i < old.Count; i++)
        {
            if (!IsNarrower(now[i], old[i]))
            {
                errors.Invalid(Terms.Index(i), now[i], "only additions are allowed (no mutations or deletions)");
            }
        }
    }

    /// <summary>Puts back what may be narrowed, so that the rest can be compared.</summary>
    public static void Restore(PodSpec spec, PodSpec before)
    {
        spec.NodeSelector.Clear();
        spec.NodeSelector.Add(before.NodeSelector);
        if (before.Affinity is null && spec.Affinity is { PodAffinity: null, PodAntiAffinity: null })
        {
            spec.Affinity = null;
        }
        else if (spec.Affinity is not null || before.Affinity?.NodeAffinity is not null)
        {
            (spec.Affinity ??= new Affinity()).NodeAffinity = before.Affinity?.NodeAffinity;
        }
    }

    private static IReadOnlyList<NodeSelectorTerm> TermsOf(PodSpec spec) =>
        spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? [];

    // A term without any requirement matches no node: with one it would match some.
    private static bool IsNarrower(NodeSelectorTerm now, NodeSelectorTerm old) =>
        old.MatchExpressions.Count + old.MatchFields.Count == 0
            ? now.Equals(old)
            : StartsWith(now.MatchExpressions, old.MatchExpressions) && StartsWith(now.MatchFields, old.MatchFields);

    private static bool StartsWith(RepeatedField<NodeSelectorRequirement> now, RepeatedField<NodeSelectorRequirement> old) =>
        now.Take(old.Count).SequenceEqual(old);
}
