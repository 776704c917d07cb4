using Cluster.Api.AuthorizationV1;
using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Authorization;

/// <summary>Lets the group <c>system:masters</c> do everything, whatever the roles say: the way back when a role was spoilt.</summary>
internal sealed class MastersAuthorizer : IAuthorizer
{
    public ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(request.User.IsInGroup(UserIdentity.MastersGroup) ? AuthorizationDecision.Allow : AuthorizationDecision.NoOpinion);

    // The role cluster-admin is bound to the group, and says it.
    public ValueTask<SubjectRulesReviewStatus> RulesOfAsync(UserIdentity user, string ns, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new SubjectRulesReviewStatus());
}
