using Cluster.Api.AuthorizationV1;
using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Authorization;

/// <summary>
/// The rule until roles are there: administrators and the cluster's own components may do everything, everyone may ask for health and
/// version, and nobody else may do anything.
/// </summary>
internal sealed class ComponentAuthorizer : IAuthorizer
{
    private const string NodePrefix = "system:node:";
    private const string NodesGroup = "system:nodes";

    private static readonly HashSet<string> Components =
        ["system:kube-scheduler", "system:kube-controller-manager", "system:kube-proxy"];

    /// <summary>What Kubernetes' role system:public-info-viewer opens.</summary>
    private static readonly HashSet<string> PublicPaths = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

    public ValueTask<bool> IsAllowedAsync(AuthorizationRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(IsOurs(request.User) || IsPublic(request));

    public ValueTask<SubjectRulesReviewStatus> RulesOfAsync(UserIdentity user, string ns, CancellationToken cancellationToken)
    {
        var rules = new SubjectRulesReviewStatus();
        rules.NonResourceRules.Add(new NonResourceRule { Verbs = { "get" }, NonResourceURLs = { PublicPaths.Order(StringComparer.Ordinal) } });
        if (IsOurs(user))
        {
            rules.ResourceRules.Add(new ResourceRule { Verbs = { "*" }, ApiGroups = { "*" }, Resources = { "*" } });
            rules.NonResourceRules.Add(new NonResourceRule { Verbs = { "*" }, NonResourceURLs = { "*" } });
        }

        return ValueTask.FromResult(rules);
    }

    private static bool IsOurs(UserIdentity user) =>
        user.IsInGroup(UserIdentity.MastersGroup)
        || Components.Contains(user.Name)
        || (user.Name.StartsWith(NodePrefix, StringComparison.Ordinal) && user.IsInGroup(NodesGroup));

    private static bool IsPublic(AuthorizationRequest request) =>
        !request.IsResource && request.Verb is ("get" or "head") && PublicPaths.Contains(request.Path);
}
