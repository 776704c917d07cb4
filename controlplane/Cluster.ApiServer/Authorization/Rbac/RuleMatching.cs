using Cluster.Api.RbacV1;

namespace Cluster.ApiServer.Authorization.Rbac;

/// <summary>Whether one policy rule allows a request. Allocates nothing but for a subresource's name.</summary>
internal static class RuleMatching
{
    private const string All = "*";

    public static bool Allows(PolicyRule rule, AuthorizationRequest request) => request.IsResource
        ? HasOrAll(rule.Verbs, request.Verb) && HasOrAll(rule.ApiGroups, request.Group) && MatchesResource(rule, request) && MatchesName(rule, request.Name)
        : HasOrAll(rule.Verbs, request.Verb) && MatchesPath(rule.NonResourceURLs, request.Path);

    /// <summary>The path, or a beginning of it that ends in a star, is listed.</summary>
    public static bool MatchesPath(IList<string> patterns, string path)
    {
        foreach (var pattern in patterns)
        {
            if (pattern == All || pattern == path)
                return true;
            if (pattern.EndsWith('*') && path.AsSpan().StartsWith(pattern.AsSpan().TrimEnd('*'), StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static bool HasOrAll(IList<string> values, string value) => values.Contains(All) || values.Contains(value);

    private static bool MatchesName(PolicyRule rule, string name) => rule.ResourceNames.Count == 0 || rule.ResourceNames.Contains(name);

    // Of a subresource: all, the very one, or it of every resource.
    private static bool MatchesResource(PolicyRule rule, AuthorizationRequest request)
    {
        if (rule.Resources.Contains(All))
            return true;
        if (request.Subresource.Length == 0)
            return rule.Resources.Contains(request.Resource);
        foreach (var resource in rule.Resources)
        {
            var slash = resource.IndexOf('/', StringComparison.Ordinal);
            if (slash >= 0 && resource.AsSpan(slash + 1).SequenceEqual(request.Subresource)
                && (resource.AsSpan(0, slash).SequenceEqual(request.Resource) || resource.AsSpan(0, slash).SequenceEqual(All)))
                return true;
        }

        return false;
    }
}
