using System.Security.Cryptography;
using System.Text;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authentication;

/// <summary>Users of the tokens that Secrets hold: signed by us, still what the secret holds, and their account still there.</summary>
public sealed class SecretTokens : ITokenAuthenticator
{
    private static readonly ResourceType Secrets = ResourceCatalog.For<Secret>();
    private static readonly ResourceType Accounts = ResourceCatalog.For<ServiceAccount>();

    private readonly Func<IReadOnlyList<SigningKey>> _keys;
    private readonly IObjectReader _reader;

    /// <param name="keys">The keys as they are now: all check.</param>
    /// <param name="reader">Where secrets and accounts are looked up.</param>
    public SecretTokens(Func<IReadOnlyList<SigningKey>> keys, IObjectReader reader) => (_keys, _reader) = (keys, reader);

    /// <summary>
    /// What makes such tokens with the private key of a file, for whoever fills the secrets. The file is read for each token, so a new key
    /// is used at once.
    /// </summary>
    /// <exception cref="CryptographicException">The file holds no private key.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Func<ServiceAccount, Secret, string> Issuer(string keyFile)
    {
        Read(keyFile).Dispose();
        return (account, secret) =>
        {
            using var key = Read(keyFile);
            return JsonWebToken.Sign(SecretTokenClaims.Of(account, secret).ToJson(), key);
        };
    }

    /// <inheritdoc/>
    public async ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        if (Verify(token) is not { } claims
            || !await HoldsAsync(claims, token, cancellationToken)
            || !await IsThereAsync(claims, cancellationToken))
            return null;
        return new UserIdentity(
            claims.Subject, claims.AccountUid, [.. new ServiceAccountName(claims.Namespace, claims.Account).Groups, UserIdentity.AuthenticatedGroup], UserIdentity.NoExtra);
    }

    private SecretTokenClaims? Verify(string token) =>
        _keys().Select(key => JsonWebToken.Verify(token, key)).FirstOrDefault(json => json is not null) is { } claims ? SecretTokenClaims.FromJson(claims) : null;

    // The cache may still miss a secret just made.
    private async ValueTask<bool> HoldsAsync(SecretTokenClaims claims, string token, CancellationToken cancellationToken) =>
        Holds(_reader.Find(Secrets, claims.Namespace, claims.Secret), token)
        || Holds(await _reader.FindFreshAsync(Secrets, claims.Namespace, claims.Secret, cancellationToken), token);

    private static bool Holds(IApiObject? secret, string token) =>
        secret is Secret { Type: TokenSecrets.Type, Metadata.DeletionTimestamp: null } held
        && !held.Metadata.Labels.ContainsKey(TokenSecrets.InvalidSinceLabel)
        && held.Data.TryGetValue(TokenSecrets.TokenKey, out var kept)
        && CryptographicOperations.FixedTimeEquals(kept.Span, Encoding.UTF8.GetBytes(token));

    private async ValueTask<bool> IsThereAsync(SecretTokenClaims claims, CancellationToken cancellationToken) =>
        _reader.Find(Accounts, claims.Namespace, claims.Account)?.Metadata.Uid == claims.AccountUid
        || (await _reader.FindFreshAsync(Accounts, claims.Namespace, claims.Account, cancellationToken))?.Metadata.Uid == claims.AccountUid;

    private static SigningKey Read(string keyFile)
    {
        var key = SigningKey.FromPem(File.ReadAllText(keyFile));
        if (key.CanSign)
            return key;
        key.Dispose();
        throw new CryptographicException($"{keyFile} holds no private key");
    }
}
