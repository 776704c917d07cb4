using Cluster.Api.CoreV1;

namespace Cluster.Api;

/// <summary>Secrets that hold a service account's token without expiry, for what lives outside of the cluster.</summary>
public static class TokenSecrets
{
    /// <summary>The type of these secrets.</summary>
    public const string Type = "kubernetes.io/service-account-token";

    /// <summary>The annotation with the account's name: whoever makes the secret sets it.</summary>
    public const string AccountAnnotation = "kubernetes.io/service-account.name";

    /// <summary>The annotation with the account's uid.</summary>
    public const string AccountUidAnnotation = "kubernetes.io/service-account.uid";

    /// <summary>The label by which a token is switched off while its secret stays.</summary>
    public const string InvalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";

    /// <summary>The label with the day, as 2026-11-28 in UTC, on which the token was last used.</summary>
    public const string LastUsedLabel = "kubernetes.io/legacy-token-last-used";

    /// <summary>The key of the token.</summary>
    public const string TokenKey = "token";

    /// <summary>The key of the certificate authority that knows the API server.</summary>
    public const string AuthorityKey = "ca.crt";

    /// <summary>The key of the account's namespace.</summary>
    public const string NamespaceKey = "namespace";

    /// <summary>The name of the account whose token the secret holds; empty if it names none.</summary>
    public static string AccountOf(Secret secret) => secret.Metadata.Annotations.GetValueOrDefault(AccountAnnotation) ?? "";
}
