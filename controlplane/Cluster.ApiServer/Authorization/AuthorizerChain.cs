using Cluster.Api.AuthorizationV1;
using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Authorization;

/// <summary>Several authorizers: whoever allows first decides, and what nobody allows is refused.</summary>
internal sealed class AuthorizerChain(IReadOnlyList<IAuthorizer> authorizers) : IAuthorizer
{
    public async ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken)
    {
        var reason = "";
        foreach (var authorizer in authorizers)
        {
            var decision = await authorizer.AuthorizeAsync(request, cancellationToken);
            if (decision.Allowed)
                return decision;
            if (decision.Reason.Length > 0)
                reason = reason.Length == 0 ? decision.Reason : $"{reason}\n{decision.Reason}";
        }

        return new AuthorizationDecision(false, reason);
    }

    public async ValueTask<SubjectRulesReviewStatus> RulesOfAsync(UserIdentity user, string ns, CancellationToken cancellationToken)
    {
        var all = new SubjectRulesReviewStatus();
        List<string> errors = [];
        foreach (var authorizer in authorizers)
        {
            var rules = await authorizer.RulesOfAsync(user, ns, cancellationToken);
            all.ResourceRules.Add(rules.ResourceRules);
            all.NonResourceRules.Add(rules.NonResourceRules);
            all.Incomplete |= rules.Incomplete;
            if (rules.EvaluationError.Length > 0)
                errors.Add(rules.EvaluationError);
        }

        if (errors.Count > 0)
            all.EvaluationError = errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]";
        return all;
    }
}
