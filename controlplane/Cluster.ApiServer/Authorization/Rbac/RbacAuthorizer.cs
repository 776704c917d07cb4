using Cluster.Api.AuthorizationV1;
using Cluster.Api.RbacV1;
using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Authorization.Rbac;

/// <summary>Allows what the roles bound to a user, or to one of their groups, allow: in the whole cluster or in the namespace asked about.</summary>
internal sealed class RbacAuthorizer(RbacIndex index) : IAuthorizer
{
    public ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Authorize(request));

    public ValueTask<SubjectRulesReviewStatus> RulesOfAsync(UserIdentity user, string ns, CancellationToken cancellationToken)
    {
        List<string> missing = [];
        var status = new SubjectRulesReviewStatus();
        foreach (var rule in RulesOf(user, ns, missing))
            Add(status, rule);
        if (missing.Count > 0)
            status.EvaluationError = Aggregate(missing);
        return ValueTask.FromResult(status);
    }

    /// <summary>The rules a user has in a namespace (empty: at cluster scope).</summary>
    /// <param name="user">Whose.</param>
    /// <param name="ns">Where.</param>
    /// <param name="missing">Takes a text for each role that is bound and not there.</param>
    public IEnumerable<PolicyRule> RulesOf(UserIdentity user, string ns, ICollection<string> missing)
    {
        foreach (var grant in Grants(user, ns))
        {
            if (index.RulesOf(grant.Role, grant.Namespace) is not { } rules)
            {
                missing.Add(Missing(grant.Role));
                continue;
            }

            foreach (var rule in rules)
                yield return rule;
        }
    }

    private AuthorizationDecision Authorize(AuthorizationRequest request)
    {
        List<string>? missing = null;
        foreach (var grant in Grants(request.User, request.IsResource ? request.Namespace : ""))
        {
            if (index.RulesOf(grant.Role, grant.Namespace) is not { } rules)
            {
                (missing ??= []).Add(Missing(grant.Role));
                continue;
            }

            foreach (var rule in rules)
            {
                if (RuleMatching.Allows(rule, request))
                    return new AuthorizationDecision(true, grant.Reason);
            }
        }

        return missing is null ? AuthorizationDecision.NoOpinion : new AuthorizationDecision(false, $"RBAC: {Aggregate(missing)}");
    }

    private IEnumerable<Grant> Grants(UserIdentity user, string ns)
    {
        foreach (var grant in GrantsIn("", user))
            yield return grant;
        if (ns.Length == 0)
            yield break;
        foreach (var grant in GrantsIn(ns, user))
            yield return grant;
    }

    private IEnumerable<Grant> GrantsIn(string ns, UserIdentity user)
    {
        foreach (var grant in index.GrantsTo(new SubjectKey(ns, false, user.Name)))
            yield return grant;
        foreach (var group in user.Groups)
        {
            foreach (var grant in index.GrantsTo(new SubjectKey(ns, true, group)))
                yield return grant;
        }
    }

    private static void Add(SubjectRulesReviewStatus status, PolicyRule rule)
    {
        if (rule.Resources.Count > 0)
        {
            status.ResourceRules.Add(new ResourceRule
            {
                Verbs = { rule.Verbs }, ApiGroups = { rule.ApiGroups }, Resources = { rule.Resources }, ResourceNames = { rule.ResourceNames },
            });
        }

        if (rule.NonResourceURLs.Count > 0)
            status.NonResourceRules.Add(new NonResourceRule { Verbs = { rule.Verbs }, NonResourceURLs = { rule.NonResourceURLs } });
    }

    private static string Missing(RoleRef role) =>
        $"{role.Kind.ToLowerInvariant()}.rbac.authorization.k8s.io {Api.GoText.Quote(role.Name)} not found";

    // As Kubernetes joins errors: one is told as it is, of several each once.
    private static string Aggregate(IReadOnlyCollection<string> errors)
    {
        var distinct = errors.Distinct().ToList();
        return distinct.Count == 1 ? distinct[0] : $"[{string.Join(", ", distinct)}]";
    }
}
