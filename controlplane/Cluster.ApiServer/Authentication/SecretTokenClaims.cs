using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Authentication;

/// <summary>What the token in a Secret of type <c>kubernetes.io/service-account-token</c> says, in Kubernetes' layout: it has no expiry and no audience.</summary>
/// <param name="Namespace">The account's and the secret's.</param>
/// <param name="Secret">The secret's name.</param>
/// <param name="Account">The account's name.</param>
/// <param name="AccountUid">The account's uid.</param>
internal sealed record SecretTokenClaims(string Namespace, string Secret, string Account, string AccountUid)
{
    private const string Issuer = "kubernetes/serviceaccount";
    private const string Prefix = "kubernetes.io/serviceaccount/";

    public string Subject => $"system:serviceaccount:{Namespace}:{Account}";

    public static SecretTokenClaims Of(ServiceAccount account, Secret secret) =>
        new(account.Metadata.Namespace, secret.Metadata.Name, account.Metadata.Name, account.Metadata.Uid);

    public JsonObject ToJson() => new()
    {
        ["iss"] = Issuer,
        [Prefix + "namespace"] = Namespace,
        [Prefix + "secret.name"] = Secret,
        [Prefix + "service-account.name"] = Account,
        [Prefix + "service-account.uid"] = AccountUid,
        ["sub"] = Subject,
    };

    /// <summary>Reads claims; null if they are of another issuer or not laid out as ours.</summary>
    public static SecretTokenClaims? FromJson(JsonElement json)
    {
        if (Text(json, "iss") != Issuer)
            return null;
        var claims = new SecretTokenClaims(
            Text(json, Prefix + "namespace"), Text(json, Prefix + "secret.name"), Text(json, Prefix + "service-account.name"), Text(json, Prefix + "service-account.uid"));
        var complete = claims is { Namespace.Length: > 0, Secret.Length: > 0, Account.Length: > 0, AccountUid.Length: > 0 };
        return complete && Text(json, "sub") == claims.Subject ? claims : null;
    }

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
