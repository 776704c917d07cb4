using Cluster.Api.RbacV1;

namespace Cluster.Api.Validation;

internal sealed class RoleRules : KindRules<Role>
{
    protected override IEnumerable<string> NameFormat(string name) => NameFormats.PathSegment(name);

    protected override void Check(Role obj, FieldErrors errors) => Rules(obj.Rules, namespaced: true, errors);

    internal static void Rules(IReadOnlyList<PolicyRule> rules, bool namespaced, FieldErrors errors)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            Rule(rules[i], namespaced, FieldPath.Root("rules").Index(i), errors);
        }
    }

    private static void Rule(PolicyRule rule, bool namespaced, FieldPath path, FieldErrors errors)
    {
        if (rule.Verbs.Count == 0)
        {
            errors.Required(path.Child("verbs"), "verbs must contain at least one value");
        }
        if (rule.NonResourceURLs.Count > 0)
        {
            Urls(rule, namespaced, path.Child("nonResourceURLs"), errors);
            return;
        }
        if (rule.ApiGroups.Count == 0)
        {
            errors.Required(path.Child("apiGroups"), "resource rules must supply at least one api group");
        }
        if (rule.Resources.Count == 0)
        {
            errors.Required(path.Child("resources"), "resource rules must supply at least one resource");
        }
    }

    private static void Urls(PolicyRule rule, bool namespaced, FieldPath path, FieldErrors errors)
    {
        if (namespaced)
        {
            errors.Invalid(path, rule.NonResourceURLs, "namespaced rules cannot apply to non-resource URLs");
        }
        if (rule.ApiGroups.Count + rule.Resources.Count + rule.ResourceNames.Count > 0)
        {
            errors.Invalid(path, rule.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs");
        }
    }
}
