using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authentication;

/// <summary>SelfSubjectReview: who the server takes the caller for.</summary>
internal sealed class SelfReview(TimeProvider time) : IPostedKind
{
    public string Target => "selfsubjectreviews.authentication.k8s.io";

    /// <inheritdoc/>
    public ValueTask<EncodedMessage> PostAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        var review = (SelfSubjectReview)obj;
        review.Metadata ??= new Api.MetaV1.ObjectMeta();
        review.Metadata.CreationTimestamp = SystemMetadata.Now(time);
        review.Status = new SelfSubjectReviewStatus { UserInfo = scope.User.ToUserInfo() };
        return ValueTask.FromResult(new EncodedMessage(review, "authentication.k8s.io/v1", "SelfSubjectReview"));
    }
}
