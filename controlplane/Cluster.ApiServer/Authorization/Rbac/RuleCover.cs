using Cluster.Api.RbacV1;

namespace Cluster.ApiServer.Authorization.Rbac;

/// <summary>Which of the rights that rules give somebody lacks.</summary>
internal static class RuleCover
{
    private const string All = "*";

    /// <summary>How many single rights the rules hold: the product of what each names. No more are told than a long holds.</summary>
    public static long Count(IEnumerable<PolicyRule> rules)
    {
        // Four lists of 65536 words, which a request has room for, make 2^64: a long would begin again at 0.
        Int128 count = 0;
        foreach (var rule in rules)
        {
            var resources = (Int128)rule.ApiGroups.Count * rule.Resources.Count * Math.Max(1, rule.ResourceNames.Count);
            count += (resources + rule.NonResourceURLs.Count) * rule.Verbs.Count;
        }

        return (long)Int128.Min(count, long.MaxValue);
    }

    /// <summary>The single rights in <paramref name="wanted"/> that no rule of <paramref name="held"/> covers.</summary>
    public static IReadOnlyList<PolicyRule> Missing(IReadOnlyCollection<PolicyRule> held, IEnumerable<PolicyRule> wanted) =>
        [.. wanted.SelectMany(BreakDown).Where(right => !held.Any(rule => Covers(rule, right)))];

    /// <summary>A rule as rules of one group, resource, name and verb each.</summary>
    private static IEnumerable<PolicyRule> BreakDown(PolicyRule rule)
    {
        var names = rule.ResourceNames.Count == 0 ? [null] : rule.ResourceNames.Cast<string?>();
        foreach (var group in rule.ApiGroups)
        {
            foreach (var resource in rule.Resources)
            {
                foreach (var verb in rule.Verbs)
                {
                    foreach (var name in names)
                        yield return Right(group, resource, verb, name);
                }
            }
        }

        foreach (var path in rule.NonResourceURLs)
        {
            foreach (var verb in rule.Verbs)
                yield return new PolicyRule { NonResourceURLs = { path }, Verbs = { verb } };
        }
    }

    private static PolicyRule Right(string group, string resource, string verb, string? name)
    {
        var right = new PolicyRule { ApiGroups = { group }, Resources = { resource }, Verbs = { verb } };
        if (name is not null)
            right.ResourceNames.Add(name);
        return right;
    }

    private static bool Covers(PolicyRule rule, PolicyRule right) =>
        HasAll(rule.Verbs, right.Verbs) && HasAll(rule.ApiGroups, right.ApiGroups) && right.Resources.All(resource => CoversResource(rule, resource))
        && right.NonResourceURLs.All(path => RuleMatching.MatchesPath(rule.NonResourceURLs, path)) && CoversNames(rule, right);

    private static bool HasAll(IList<string> values, IEnumerable<string> wanted) => values.Contains(All) || wanted.All(values.Contains);

    private static bool CoversResource(PolicyRule rule, string resource)
    {
        if (rule.Resources.Contains(All) || rule.Resources.Contains(resource))
            return true;
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        return slash >= 0 && rule.Resources.Contains($"{All}{resource[slash..]}");
    }

    private static bool CoversNames(PolicyRule rule, PolicyRule right) =>
        rule.ResourceNames.Count == 0 || (right.ResourceNames.Count > 0 && right.ResourceNames.All(rule.ResourceNames.Contains));
}
