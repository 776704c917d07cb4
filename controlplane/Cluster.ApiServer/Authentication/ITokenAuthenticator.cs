namespace Cluster.ApiServer.Authentication;

/// <summary>One way to tell who a bearer token belongs to.</summary>
public interface ITokenAuthenticator
{
    /// <summary>The token's user; null: the token is not one of this kind, or no longer good.</summary>
    ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken);
}
