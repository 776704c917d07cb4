using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Authentication;

/// <summary>What a service account token says, in Kubernetes' layout.</summary>
public sealed record ServiceAccountClaims
{
    private const string PrivateClaim = "kubernetes.io";

    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public required string Uid { get; init; }

    public required IReadOnlyList<string> Audiences { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required DateTimeOffset Expires { get; init; }

    /// <summary>Unique to the token.</summary>
    public required string Id { get; init; }

    /// <summary>The object whose end is the token's end, or null.</summary>
    public BoundObject? Bound { get; init; }

    /// <summary>The node of the bound pod, or that the token is bound to; else null.</summary>
    public string? NodeName { get; init; }

    /// <summary>Its uid; null: unknown.</summary>
    public string? NodeUid { get; init; }

    public string Subject => $"system:serviceaccount:{Namespace}:{Name}";

    public JsonObject ToJson(string issuer)
    {
        var account = new JsonObject { ["namespace"] = Namespace };
        if (NodeName is not null)
            account["node"] = NodeUid is null ? new JsonObject { ["name"] = NodeName } : Reference(NodeName, NodeUid);
        if (Bound is { } bound)
            account[bound.Kind.ToLowerInvariant()] = Reference(bound.Name, bound.Uid);
        account["serviceaccount"] = Reference(Name, Uid);
        return new JsonObject
        {
            ["aud"] = new JsonArray([.. Audiences.Select(audience => JsonValue.Create(audience))]),
            ["exp"] = Expires.ToUnixTimeSeconds(),
            ["iat"] = IssuedAt.ToUnixTimeSeconds(),
            ["iss"] = issuer,
            ["jti"] = Id,
            [PrivateClaim] = account,
            ["nbf"] = IssuedAt.ToUnixTimeSeconds(),
            ["sub"] = Subject,
        };
    }

    /// <summary>Reads claims; null if they are of another issuer or not laid out as ours.</summary>
    public static ServiceAccountClaims? FromJson(JsonElement json, string issuer)
    {
        try
        {
            var account = json.GetProperty(PrivateClaim);
            var reference = account.GetProperty("serviceaccount");
            var claims = new ServiceAccountClaims
            {
                Namespace = account.GetProperty("namespace").GetString()!,
                Name = reference.GetProperty("name").GetString()!,
                Uid = reference.GetProperty("uid").GetString()!,
                Audiences = [.. json.GetProperty("aud").EnumerateArray().Select(audience => audience.GetString()!)],
                IssuedAt = DateTimeOffset.FromUnixTimeSeconds(json.GetProperty("nbf").GetInt64()),
                Expires = DateTimeOffset.FromUnixTimeSeconds(json.GetProperty("exp").GetInt64()),
                Id = json.TryGetProperty("jti", out var id) ? id.GetString()! : "",
                Bound = BoundObject.FromClaims(account),
                NodeName = account.TryGetProperty("node", out var node) ? node.GetProperty("name").GetString() : null,
                NodeUid = node.ValueKind == JsonValueKind.Object && node.TryGetProperty("uid", out var nodeUid) ? nodeUid.GetString() : null,
            };
            return json.GetProperty("iss").GetString() == issuer && json.GetProperty("sub").GetString() == claims.Subject ? claims : null;
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static JsonObject Reference(string name, string uid) => new() { ["name"] = name, ["uid"] = uid };
}
