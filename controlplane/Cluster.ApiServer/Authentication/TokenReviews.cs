using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authentication;

/// <summary>TokenReview: whose a token is, for servers that do not know it themselves.</summary>
internal sealed class TokenReviews(ITokenAuthenticator tokens) : IPostedKind
{
    public string Target => "tokenreviews.authentication.k8s.io";

    /// <inheritdoc/>
    public async ValueTask<EncodedMessage> PostAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        var review = (TokenReview)obj;
        if (review.Spec is not { Token.Length: > 0 } spec)
            throw StatusErrors.BadRequest("token is required for TokenReview in authentication");

        review.Status = await AskAsync(spec, cancellationToken);
        return new EncodedMessage(review, "authentication.k8s.io/v1", "TokenReview");
    }

    // Our tokens are for this server's audience alone: whoever asks for another one gets no.
    private async ValueTask<TokenReviewStatus> AskAsync(TokenReviewSpec spec, CancellationToken cancellationToken)
    {
        var audience = spec.Audiences.Count == 0 || spec.Audiences.Contains(ServiceAccountTokens.DefaultAudience);
        var user = audience ? await tokens.AuthenticateAsync(spec.Token, cancellationToken) : null;
        if (user is null)
            return new TokenReviewStatus { User = new UserInfo() };

        var status = new TokenReviewStatus { Authenticated = true, User = user.ToUserInfo() };
        if (spec.Audiences.Count > 0)
            status.Audiences.Add(ServiceAccountTokens.DefaultAudience);
        return status;
    }
}
