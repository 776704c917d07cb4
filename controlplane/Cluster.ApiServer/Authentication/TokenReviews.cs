using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authentication;

/// <summary>TokenReview: whose a token is, for servers that do not know it themselves.</summary>
/// <param name="tokens">Of any kind, meant for this server.</param>
/// <param name="forOthers">Those that may be meant for others.</param>
internal sealed class TokenReviews(ITokenAuthenticator tokens, IAudienceAuthenticator forOthers) : IPostedKind
{
    private static readonly string[] Own = [ServiceAccountTokens.DefaultAudience];

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

    private async ValueTask<TokenReviewStatus> AskAsync(TokenReviewSpec spec, CancellationToken cancellationToken)
    {
        if (await FindAsync(spec.Token, spec.Audiences.Count == 0 ? Own : spec.Audiences, cancellationToken) is not var (user, audiences))
            return new TokenReviewStatus { User = new UserInfo(), Error = "invalid bearer token" };

        var status = new TokenReviewStatus { Authenticated = true, User = user.ToUserInfo() };
        status.Audiences.Add(audiences);
        return status;
    }

    private async ValueTask<(UserIdentity User, IReadOnlyList<string> Audiences)?> FindAsync(
        string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        // Not through what is remembered: that knows of no other audience than our own.
        if (audiences.Any(audience => audience != ServiceAccountTokens.DefaultAudience)
            && await forOthers.AuthenticateAsync(token, audiences, cancellationToken) is { } found)
            return found;

        // Tokens that name no audience are this server's.
        return audiences.Contains(ServiceAccountTokens.DefaultAudience) && await tokens.AuthenticateAsync(token, cancellationToken) is { } user ? (user, Own) : null;
    }
}
