namespace Cluster.ApiServer.Authentication;

/// <summary>One way to tell who a bearer token belongs to, of tokens that say whom they are meant for.</summary>
internal interface IAudienceAuthenticator : ITokenAuthenticator
{
    /// <summary>The token's user, and for which of the audiences it is good; null: for none of them.</summary>
    /// <param name="token">The token.</param>
    /// <param name="audiences">Those who ask.</param>
    /// <param name="cancellationToken">Ends the look at the store.</param>
    ValueTask<(UserIdentity User, IReadOnlyList<string> Audiences)?> AuthenticateAsync(
        string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken);
}
