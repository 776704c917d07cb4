using Cluster.Api.CoreV1;

namespace Cluster.Api.Quotas;

/// <summary>Which objects a ResourceQuota is about: all, or the pods that fit its scopes.</summary>
public static class QuotaScopes
{
    /// <summary>Whether the object counts for the quota. What is no pod counts only where there are no scopes.</summary>
    public static bool Match(ResourceQuotaSpec quota, IApiObject obj)
    {
        var selectors = quota.ScopeSelector?.MatchExpressions ?? [];
        if (quota.Scopes.Count == 0 && selectors.Count == 0)
        {
            return true;
        }

        return obj is Pod { Spec: { } spec } && quota.Scopes.All(scope => Has(scope, spec)) && selectors.All(selector => Fits(selector, spec));
    }

    private static bool Fits(ScopedResourceSelectorRequirement selector, PodSpec spec) => selector.ScopeName == "PriorityClass"
        ? selector.Operator switch
        {
            "In" => selector.Values.Contains(spec.PriorityClassName),
            "NotIn" => !selector.Values.Contains(spec.PriorityClassName),
            "DoesNotExist" => spec.PriorityClassName.Length == 0,
            _ => Has(selector.ScopeName, spec),
        }
        // Of the others validation lets only Exists through.
        : Has(selector.ScopeName, spec);

    private static bool Has(string scope, PodSpec spec) => scope switch
    {
        "Terminating" => spec.HasActiveDeadlineSeconds,
        "NotTerminating" => !spec.HasActiveDeadlineSeconds,
        "BestEffort" => Pods.QosClass(spec) == "BestEffort",
        "NotBestEffort" => Pods.QosClass(spec) != "BestEffort",
        "PriorityClass" => spec.PriorityClassName.Length > 0,
        "CrossNamespacePodAffinity" => LooksAcrossNamespaces(spec.Affinity),
        _ => false,
    };

    private static bool LooksAcrossNamespaces(Affinity? affinity) =>
        Terms(affinity).Any(term => term.Namespaces.Count > 0 || term.NamespaceSelector is not null);

    private static IEnumerable<PodAffinityTerm> Terms(Affinity? affinity)
    {
        var near = affinity?.PodAffinity ?? new();
        var far = affinity?.PodAntiAffinity ?? new();
        return near.RequiredDuringSchedulingIgnoredDuringExecution.Concat(far.RequiredDuringSchedulingIgnoredDuringExecution)
            .Concat(near.PreferredDuringSchedulingIgnoredDuringExecution.Concat(far.PreferredDuringSchedulingIgnoredDuringExecution)
                .Select(weighted => weighted.PodAffinityTerm).OfType<PodAffinityTerm>());
    }
}
