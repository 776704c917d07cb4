using Cluster.Api.AuthorizationV1;
using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Authorization;

/// <summary>Decides whether a known user may do what they ask. Safe for concurrent use.</summary>
public interface IAuthorizer
{
    ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken);

    /// <summary>All that a user may do in a namespace, for people to read.</summary>
    ValueTask<SubjectRulesReviewStatus> RulesOfAsync(UserIdentity user, string ns, CancellationToken cancellationToken);
}
