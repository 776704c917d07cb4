using Cluster.Api.CoreV1;
using Google.Protobuf.Collections;

namespace Cluster.Api.Validation;

internal sealed class ResourceQuotaRules : KindRules<ResourceQuota>
{
    private static readonly string[] Scopes =
        ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"];

    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(ResourceQuota obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new ResourceQuotaSpec();
        Amounts(spec.Hard, Spec.Child("hard"), errors);
        CheckScopes([.. spec.Scopes], spec, Spec.Child("scopes"), Spec.Child("scopes"), errors);
        if (spec.ScopeSelector is not { } selector)
        {
            return;
        }
        var path = Spec.Child("scopeSelector").Child("matchExpressions");
        foreach (var requirement in selector.MatchExpressions)
        {
            Operator(requirement, path, errors);
        }
        CheckScopes([.. selector.MatchExpressions.Select(requirement => requirement.ScopeName)], spec, path.Child("scopeName"), path, errors);
    }

    protected override void CheckUpdate(ResourceQuota obj, ResourceQuota before, FieldErrors errors)
    {
        if (!(obj.Spec?.Scopes ?? []).ToHashSet().SetEquals(before.Spec?.Scopes ?? []))
        {
            errors.Invalid(Spec.Child("scopes"), obj.Spec?.Scopes, FieldErrors.Immutable);
        }
    }

    protected override void CheckStatus(ResourceQuota obj, ResourceQuota before, FieldErrors errors)
    {
        Amounts(obj.Status?.Hard ?? [], FieldPath.Status.Child("hard"), errors);
        Amounts(obj.Status?.Used ?? [], FieldPath.Status.Child("used"), errors);
    }

    private static void Amounts(MapField<string, Resource.Quantity> amounts, FieldPath path, FieldErrors errors)
    {
        foreach (var (name, amount) in amounts)
        {
            ResourceRules.QuotaName(name, path.Key(name), errors);
            ResourceRules.Amount(name, amount, path.Key(name), errors);
        }
    }

    private static void CheckScopes(string[] scopes, ResourceQuotaSpec spec, FieldPath path, FieldPath whole, FieldErrors errors)
    {
        foreach (var scope in scopes)
        {
            if (!Scopes.Contains(scope))
            {
                errors.Invalid(path, scopes, "unsupported scope");
            }
            foreach (var resource in spec.Hard.Keys.Order(StringComparer.Ordinal).Where(resource => !Fits(scope, resource)))
            {
                errors.Invalid(whole, scopes, "unsupported scope applied to resource");
            }
        }
        if (scopes.Contains("BestEffort") && scopes.Contains("NotBestEffort")
            || scopes.Contains("Terminating") && scopes.Contains("NotTerminating"))
        {
            errors.Invalid(whole, scopes, "conflicting scopes");
        }
    }

    /// <summary>Scopes tell pods apart: what is no pod's cannot be counted by them. Pods of best effort ask for nothing.</summary>
    private static bool Fits(string scope, string resource) => scope switch
    {
        "BestEffort" => resource == "pods",
        "Terminating" or "NotTerminating" or "NotBestEffort" or "PriorityClass" or "CrossNamespacePodAffinity" => IsOfPods(resource),
        _ => true,
    };

    private static bool IsOfPods(string resource) => resource is "pods" or "cpu" or "memory" or "ephemeral-storage"
        || (resource.StartsWith("requests.", StringComparison.Ordinal) && resource != "requests.storage")
        || resource.StartsWith("limits.", StringComparison.Ordinal) || resource.StartsWith("hugepages-", StringComparison.Ordinal)
        || resource.Contains('/', StringComparison.Ordinal);

    private static void Operator(ScopedResourceSelectorRequirement requirement, FieldPath path, FieldErrors errors)
    {
        if (requirement.ScopeName != "PriorityClass" && Scopes.Contains(requirement.ScopeName) && requirement.Operator != "Exists")
        {
            errors.Invalid(
                path.Child("operator"), requirement.Operator,
                "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                + "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
        }
        switch (requirement.Operator)
        {
            case "In" or "NotIn" when requirement.Values.Count == 0:
                errors.Required(path.Child("values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                break;
            case "Exists" or "DoesNotExist" when requirement.Values.Count > 0:
                errors.Invalid(
                    path.Child("values"), requirement.Values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
                break;
            default:
                errors.Invalid(path.Child("operator"), requirement.Operator, "not a valid selector operator");
                break;
        }
    }
}
