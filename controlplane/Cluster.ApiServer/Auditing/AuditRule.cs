using System.Text.Json.Nodes;

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

    /// <exception cref="InvalidDataException">The rule has no level, or one that there is not.</exception>
    public AuditRule(JsonObject rule)
    {
        if (!Enum.TryParse<AuditLevel>((string?)rule["level"], out var level) || !Enum.IsDefined(level))
            throw new InvalidDataException($"level {rule["level"]?.ToJsonString() ?? "is missing"}: None, Metadata, Request or RequestResponse is meant");
        Level = level;
        OmittedStages = Strings(rule["omitStages"]).ToHashSet();
        (_users, _groups, _verbs, _namespaces) =
            ([.. Strings(rule["users"])], [.. Strings(rule["userGroups"])], [.. Strings(rule["verbs"])], [.. Strings(rule["namespaces"])]);
        _paths = [.. Strings(rule["nonResourceURLs"])];
        _resources = [.. (rule["resources"] as JsonArray ?? []).OfType<JsonObject>().Select(ResourcePattern.Parse)];
    }

    public AuditLevel Level { get; }

    /// <summary>Stages that are not written: RequestReceived, ResponseStarted, ResponseComplete, Panic.</summary>
    public IReadOnlySet<string> OmittedStages { get; }

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

    public static IEnumerable<string> Strings(JsonNode? list) => (list as JsonArray ?? []).Select(item => (string?)item ?? "");

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
        public static ResourcePattern Parse(JsonObject json) =>
            new((string?)json["group"] ?? "", [.. Strings(json["resources"])], Strings(json["resourceNames"]).ToHashSet());

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
