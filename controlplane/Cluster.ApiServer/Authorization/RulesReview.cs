using Cluster.Api;
using Cluster.Api.AuthorizationV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authorization;

/// <summary>SelfSubjectRulesReview: all that the caller may do in a namespace.</summary>
internal sealed class RulesReview(IAuthorizer authorizer) : IPostedKind
{
    public string Target => "selfsubjectrulesreviews.authorization.k8s.io";

    /// <inheritdoc/>
    public async ValueTask<EncodedMessage> PostAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        var review = (SelfSubjectRulesReview)obj;
        if (review.Spec is not { Namespace.Length: > 0 } spec)
            throw StatusErrors.BadRequest("no namespace on request");

        review.Status = await authorizer.RulesOfAsync(scope.User, spec.Namespace, cancellationToken);
        return new EncodedMessage(review, "authorization.k8s.io/v1", "SelfSubjectRulesReview");
    }
}
