using Cluster.Api;
using Cluster.Api.RbacV1;

namespace Cluster.ApiServer.Authorization.Rbac;

/// <summary>Rights as a refusal lists them.</summary>
internal static class RuleText
{
    /// <summary>A line a rule, sorted; rights on one resource stand together.</summary>
    public static string Lines(IEnumerable<PolicyRule> rights) =>
        string.Join('\n', Join(rights).Select(Text).Distinct().Order(StringComparer.Ordinal));

    public static string Quote(IEnumerable<string> values) => $"[{string.Join(' ', values.Select(GoText.Quote))}]";

    private static IEnumerable<PolicyRule> Join(IEnumerable<PolicyRule> rights)
    {
        Dictionary<(string Group, string Resource, string Name), PolicyRule> joined = [];
        foreach (var right in rights)
        {
            if (right.NonResourceURLs.Count > 0)
            {
                yield return right;
                continue;
            }

            var key = (right.ApiGroups[0], right.Resources[0], right.ResourceNames.FirstOrDefault() ?? "");
            if (!joined.TryAdd(key, right.Clone()))
                joined[key].Verbs.Add(right.Verbs.Except(joined[key].Verbs));
        }

        foreach (var rule in joined.Values)
            yield return rule;
    }

    private static string Text(PolicyRule rule)
    {
        List<string> parts = [];
        Add("APIGroups", rule.ApiGroups);
        Add("Resources", rule.Resources);
        Add("NonResourceURLs", rule.NonResourceURLs);
        Add("ResourceNames", rule.ResourceNames);
        Add("Verbs", rule.Verbs);
        return $"{{{string.Join(", ", parts)}}}";

        void Add(string name, IReadOnlyCollection<string> values)
        {
            if (values.Count > 0)
                parts.Add($"{name}:{Quote(values)}");
        }
    }
}
