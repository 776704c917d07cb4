using Cluster.Api.AppsV1;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Validation;

internal sealed class ReplicaSetRules : KindRules<ReplicaSet>
{
    protected override void Check(ReplicaSet obj, FieldErrors errors)
    {
        var (spec, path) = (obj.Spec ?? new ReplicaSetSpec(), FieldPath.Spec);
        errors.NotNegative(path.Child("replicas"), spec.Replicas);
        errors.NotNegative(path.Child("minReadySeconds"), spec.MinReadySeconds);
        var selector = Selector(spec.Selector, path.Child("selector"), errors);
        PodTemplateRules.OfController(
            spec.Template ?? new CoreV1.PodTemplateSpec(), selector, "ReplicaSet", path.Child("template"), errors);
    }

    protected override void CheckUpdate(ReplicaSet obj, ReplicaSet before, FieldErrors errors) =>
        errors.Unchanged(FieldPath.Spec.Child("selector"), obj.Spec?.Selector, before.Spec?.Selector);

    protected override void CheckStatus(ReplicaSet obj, ReplicaSet before, FieldErrors errors)
    {
        if (obj.Status is { } status)
        {
            new ReplicaCounts(
                status.Replicas, status.FullyLabeledReplicas, status.ReadyReplicas, status.AvailableReplicas, status.ObservedGeneration)
                .Check(errors);
        }
    }

    /// <summary>A selector that must select something.</summary>
    /// <param name="selector">Null is told as missing.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="owner">What an empty one is told to be no good for.</param>
    /// <returns>The selector, or null when it is bad.</returns>
    internal static Selectors.LabelSelector? Selector(LabelSelector? selector, FieldPath path, FieldErrors errors, string owner = "deployment")
    {
        if (selector is null)
        {
            errors.Required(path);
            return null;
        }
        var count = errors.Found;
        LabelSelectorRules.Check(selector, path, errors);
        if (selector.MatchLabels.Count + selector.MatchExpressions.Count == 0)
        {
            errors.Invalid(path, selector, $"empty selector is invalid for {owner}");
        }
        return errors.Found == count ? Selectors.LabelSelector.From(selector) : null;
    }
}
