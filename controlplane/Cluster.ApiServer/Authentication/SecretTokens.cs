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
    private readonly TokenUse? _use;

    /// <param name="keys">The keys as they are now: all check.</param>
    /// <param name="reader">Where secrets and accounts are looked up.</param>
    public SecretTokens(Func<IReadOnlyList<SigningKey>> keys, IObjectReader reader)
        : this(keys, reader, null)
    {
    }

    /// <param name="keys">As of the other.</param>
    /// <param name="reader">As of the other.</param>
    /// <param name="use">Notes on a secret that its token is used; null: nobody does.</param>
    internal SecretTokens(Func<IReadOnlyList<SigningKey>> keys, IObjectReader reader, TokenUse? use) => (_keys, _reader, _use) = (keys, reader, use);

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
            || await HolderAsync(claims, token, cancellationToken) is not { } secret
            || !await IsThereAsync(claims, cancellationToken))
            return null;
        if (_use is not null)
            await _use.NoteAsync(secret, cancellationToken);
        return new UserIdentity(
            claims.Subject, claims.AccountUid, [.. new ServiceAccountName(claims.Namespace, claims.Account).Groups, UserIdentity.AuthenticatedGroup], UserIdentity.NoExtra);
    }

    private SecretTokenClaims? Verify(string token) =>
        _keys().Select(key => JsonWebToken.Verify(token, key)).FirstOrDefault(json => json is not null) is { } claims ? SecretTokenClaims.FromJson(claims) : null;

    // The cache may still miss a secret just made.
    private async ValueTask<Secret?> HolderAsync(SecretTokenClaims claims, string token, CancellationToken cancellationToken) =>
        Holder(_reader.Find(Secrets, claims.Namespace, claims.Secret), token)
        ?? Holder(await _reader.FindFreshAsync(Secrets, claims.Namespace, claims.Secret, cancellationToken), token);

    private static Secret? Holder(IApiObject? secret, string token) =>
        secret is Secret { Type: TokenSecrets.Type, Metadata.DeletionTimestamp: null } held
        && !held.Metadata.Labels.ContainsKey(TokenSecrets.InvalidSinceLabel)
        && held.Data.TryGetValue(TokenSecrets.TokenKey, out var kept)
        && CryptographicOperations.FixedTimeEquals(kept.Span, Encoding.UTF8.GetBytes(token)) ? held : null;

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
