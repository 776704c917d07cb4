using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authentication;

/// <summary>
/// Users of bootstrap tokens, <c>ID.SECRET</c>: secrets <c>kube-system/bootstrap-token-ID</c> of type <c>bootstrap.kubernetes.io/token</c>, by
/// which a machine that has nothing else asks for its node's certificate.
/// </summary>
internal sealed partial class BootstrapTokens(IObjectReader reader, TimeProvider time) : ITokenAuthenticator
{
    private const string Namespace = "kube-system";
    private const string Type = "bootstrap.kubernetes.io/token";
    private const string Group = "system:bootstrappers";

    private static readonly ResourceType Secrets = ResourceCatalog.For<Secret>();

    public ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken) => ValueTask.FromResult(Authenticate(token));

    private UserIdentity? Authenticate(string token)
    {
        if (TokenForm().Match(token) is not { Success: true } parts)
            return null;
        // From memory alone: a guess must not cost a read of the store.
        var (id, secret) = (parts.Groups[1].Value, parts.Groups[2].Value);
        if (reader.Find(Secrets, Namespace, $"bootstrap-token-{id}") is not Secret { Type: Type, Metadata.DeletionTimestamp: null } stored)
            return null;
        if (Text(stored, "token-id") != id || !IsSame(Text(stored, "token-secret"), secret) || IsExpired(stored) || Text(stored, "usage-bootstrap-authentication") != "true")
            return null;
        return Groups(stored) is { } groups ? new UserIdentity($"system:bootstrap:{id}", groups) : null;
    }

    // Null: a group that is none of theirs makes the whole token worthless.
    private static IReadOnlyList<string>? Groups(Secret secret)
    {
        var extra = Text(secret, "auth-extra-groups").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return extra.All(group => GroupForm().IsMatch(group)) ? [.. extra.Append(Group).Distinct().Order(StringComparer.Ordinal), UserIdentity.AuthenticatedGroup] : null;
    }

    private bool IsExpired(Secret secret)
    {
        var text = Text(secret, "expiration");
        if (text.Length == 0)
            return false;
        // One that can't be read is taken as past.
        return !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) || end <= time.GetUtcNow();
    }

    // As long for a wrong secret as for the right one.
    private static bool IsSame(string stored, string given) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(stored), Encoding.UTF8.GetBytes(given));

    private static string Text(Secret secret, string key) => secret.Data.TryGetValue(key, out var value) ? value.ToStringUtf8() : "";

    [GeneratedRegex(@"\A([a-z0-9]{6})\.([a-z0-9]{16})\z")]
    private static partial Regex TokenForm();

    [GeneratedRegex(@"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z")]
    private static partial Regex GroupForm();
}
