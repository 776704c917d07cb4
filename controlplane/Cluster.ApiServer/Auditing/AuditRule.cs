namespace Cluster.ApiServer.Auditing;

/// <summary>One rule of a policy: for requests that match all it names, the level. What it does not name matches everything.</summary>
internal sealed class AuditRule
{
    private readonly HashSet<string> _users;
    private readonly HashSet<string> _groups;
    private readonly HashSet<string> _verbs;
    private readonly HashSet<string> _namespaces;
    private readonly IReadOnlyList<string> _paths;
    private readonly IReadOnlyList<ResourcePattern> _resources;

    /// <exception cref="InvalidDataException">The rule says what there is not, or what cannot be together.</exception>
    public AuditRule(PolicyFields rule)
    {
        if (!Enum.TryParse<AuditLevel>(rule.Text("level"), out var level) || !Enum.IsDefined(level) || level.ToString() != rule.Text("level"))
            throw rule.Wrong("level", $"\"{rule.Text("level")}\" is none: None, Metadata, Request or RequestResponse is meant");
        Level = level;
        OmittedStages = rule.Texts("omitStages", AuditStages.All);
        OmitsManagedFields = rule.Flag("omitManagedFields");
        (_users, _groups, _verbs, _namespaces) =
            ([.. rule.Texts("users")], [.. rule.Texts("userGroups")], [.. rule.Texts("verbs")], [.. rule.Texts("namespaces")]);
        _paths = rule.Texts("nonResourceURLs");
        _resources = [.. rule.Objects("resources", "group", "resources", "resourceNames").Select(ResourcePattern.Parse)];
        if (_paths.Count > 0 && (_resources.Count > 0 || _namespaces.Count > 0))
            throw rule.Wrong("nonResourceURLs", "rules cannot apply to both regular resources and non-resource URLs");
        foreach (var path in _paths)
            CheckPath(rule, path);
    }

    /// <summary>The fields of a rule.</summary>
    public static ReadOnlySpan<string> Fields => new[]
    {
        "level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages", "omitManagedFields",
    };

    public AuditLevel Level { get; }

    /// <summary>Stages that are not written, of <see cref="AuditStages"/>.</summary>
    public IReadOnlySet<string> OmittedStages { get; }

    /// <summary>Whether objects are written without their managedFields; null: as the policy says.</summary>
    public bool? OmitsManagedFields { get; }

    public bool Matches(AuditAttributes request)
    {
        if (_users.Count > 0 && !_users.Contains(request.User?.Name ?? ""))
            return false;
        if (_groups.Count > 0 && !(request.User?.Groups.Any(_groups.Contains) ?? false))
            return false;
        if (_verbs.Count > 0 && !_verbs.Contains(request.Verb))
            return false;
        return request.Resource.Length > 0 ? MatchesResource(request) : MatchesPath(request);
    }

    private static void CheckPath(PolicyFields rule, string path)
    {
        if (path != "*" && !path.StartsWith('/'))
            throw rule.Wrong("nonResourceURLs", $"\"{path}\": non-resource URL rules must begin with a '/' character");
        if (path.IndexOf('*', StringComparison.Ordinal) is >= 0 and var star && star < path.Length - 1)
            throw rule.Wrong("nonResourceURLs", $"\"{path}\": non-resource URL wildcards '*' must be the final character of the rule");
    }

    // A rule about namespaces or resources says nothing of paths, and one about paths nothing of resources.
    private bool MatchesResource(AuditAttributes request)
    {
        if (_namespaces.Count > 0 && !_namespaces.Contains(request.Namespace))
            return false;
        return _resources.Count > 0 ? _resources.Any(pattern => pattern.Matches(request)) : _paths.Count == 0;
    }

    private bool MatchesPath(AuditAttributes request)
    {
        if (_namespaces.Count > 0 || _resources.Count > 0)
            return false;
        return _paths.Count == 0 || Authorization.Rbac.RuleMatching.MatchesPath([.. _paths], request.Path);
    }

    /// <param name="Group">The API group.</param>
    /// <param name="Resources">Plurals, <c>pods/log</c>, <c>*/status</c>, <c>pods/*</c>; empty: all of the group.</param>
    /// <param name="Names">The only objects meant; empty: all.</param>
    private sealed record ResourcePattern(string Group, IReadOnlyList<string> Resources, IReadOnlySet<string> Names)
    {
        public static ResourcePattern Parse(PolicyFields fields)
        {
            var pattern = new ResourcePattern(fields.Text("group"), fields.Texts("resources"), fields.Texts("resourceNames").ToHashSet());
            return pattern.Names.Count == 0 || pattern.Resources.Count > 0 ? pattern
                : throw fields.Wrong("resourceNames", "using resourceNames requires at least one resource");
        }

        public bool Matches(AuditAttributes request)
        {
            if (Group != request.Group || (Names.Count > 0 && !Names.Contains(request.Name)))
                return false;
            var asked = request.Subresource.Length == 0 ? request.Resource : $"{request.Resource}/{request.Subresource}";
            return Resources.Count == 0 || Resources.Any(resource => resource == asked || resource == "*"
                || (request.Subresource.Length > 0 && (resource == $"*/{request.Subresource}" || resource == $"{request.Resource}/*")));
        }
    }
}
