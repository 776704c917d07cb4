using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Google.Protobuf;

namespace Cluster.Controllers.ServiceAccounts;

/// <summary>
/// Fills Secrets of type <c>kubernetes.io/service-account-token</c> that somebody made: token, certificate authority and namespace of the
/// account they name. They go with their account. None is made for an account by itself.
/// </summary>
internal sealed class TokenSecretController(ControllerContext context) : IController
{
    private const string ByAccount = "token-secrets-by-account";

    private Informer<Secret> _secrets = null!;
    private Informer<ServiceAccount> _accounts = null!;

    public string Name => "serviceaccount-token";

    public void Watch(ControllerWatches watches)
    {
        _secrets = watches.On<Secret>((_, current) =>
        {
            if (current is { Type: TokenSecrets.Type })
                watches.Add(ObjectKey.Of(current));
        });
        _secrets.AddIndex(ByAccount, secret => secret.Type == TokenSecrets.Type ? [$"{secret.Metadata.Namespace}/{TokenSecrets.AccountOf(secret)}"] : []);
        _accounts = watches.On<ServiceAccount>((old, current) =>
        {
            foreach (var secret in _secrets.ByIndex(ByAccount, ObjectKey.Of((current ?? old)!).ToString()))
                watches.Add(ObjectKey.Of(secret));
        });
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (context.Options.SecretTokens is not { } issue || _secrets.Get(key) is not { Type: TokenSecrets.Type, Metadata.DeletionTimestamp: null } secret)
            return null;
        try
        {
            if (await AccountOfAsync(secret, cancellationToken) is not { } account)
                await DeleteAsync(secret, cancellationToken);
            else if (!secret.Immutable && Filled(secret, account, issue) is { } filled)
                await context.Client.UpdateAsync(filled, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // The secret is gone.
        }

        return null;
    }

    /// <summary>The account the secret is of, if it is there and the same one.</summary>
    private async Task<ServiceAccount?> AccountOfAsync(Secret secret, CancellationToken cancellationToken)
    {
        var name = TokenSecrets.AccountOf(secret);
        if (_accounts.Get(secret.Metadata.Namespace, name) is { } known && Is(known, secret))
            return known;
        try
        {
            // The cache may be behind one that was just made; a secret is deleted only for certain.
            var live = await context.Client.GetAsync<ServiceAccount>(secret.Metadata.Namespace, name, cancellationToken);
            return Is(live, secret) ? live : null;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    private static bool Is(ServiceAccount account, Secret secret) =>
        secret.Metadata.Annotations.GetValueOrDefault(TokenSecrets.AccountUidAnnotation) is not { Length: > 0 } uid || uid == account.Metadata.Uid;

    private Task DeleteAsync(Secret secret, CancellationToken cancellationToken) => context.Client.DeleteAsync<Secret>(
        secret.Metadata.Namespace,
        secret.Metadata.Name,
        new() { Preconditions = new() { Uid = secret.Metadata.Uid, ResourceVersion = secret.Metadata.ResourceVersion } },
        cancellationToken);

    /// <summary>The secret with what it lacks; null if it lacks nothing.</summary>
    private Secret? Filled(Secret secret, ServiceAccount account, Func<ServiceAccount, Secret, string> issue)
    {
        var filled = secret.Clone();
        if (context.Options.RootCa is { } authority)
            filled.Data[TokenSecrets.AuthorityKey] = ByteString.CopyFromUtf8(authority);
        if (filled.Data.GetValueOrDefault(TokenSecrets.NamespaceKey) is not { IsEmpty: false })
            filled.Data[TokenSecrets.NamespaceKey] = ByteString.CopyFromUtf8(secret.Metadata.Namespace);
        if (filled.Data.GetValueOrDefault(TokenSecrets.TokenKey) is not { IsEmpty: false })
            filled.Data[TokenSecrets.TokenKey] = ByteString.CopyFromUtf8(issue(account, secret));
        filled.Metadata.Annotations[TokenSecrets.AccountUidAnnotation] = account.Metadata.Uid;
        return filled.Equals(secret) ? null : filled;
    }
}
