using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Auditing;

/// <summary>Takes out of objects what must not stand in a log: values of Secrets, and tokens.</summary>
internal static class Redaction
{
    private const string Redacted = "(redacted)";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <param name="obj">Changed in place.</param>
    /// <param name="request">What the object belongs to.</param>
    /// <returns>The object; null where nothing of it may be told.</returns>
    public static JsonNode? Apply(JsonNode? obj, AuditAttributes request) => (request.Resource, request.Subresource) switch
    {
        ("secrets", _) => obj is JsonObject secret && !IsPatch(request) ? Secret(secret) : null,
        ("tokenreviews", _) or ("serviceaccounts", "token") => obj is JsonObject review ? Token(review) : null,
        _ => obj,
    };

    /// <summary>A URL without the values of parameters that hold tokens.</summary>
    public static string Uri(string path, string query)
    {
        if (!query.Contains("token", StringComparison.OrdinalIgnoreCase))
            return path + query;
        var parts = query.TrimStart('?').Split('&').Select(part => part.Split('=')[0] is var name && name.Contains("token", StringComparison.OrdinalIgnoreCase) ? $"{name}={Redacted}" : part);
        return $"{path}?{string.Join('&', parts)}";
    }

    private static bool IsPatch(AuditAttributes request) => request.Verb == "patch";

    private static JsonObject Secret(JsonObject secret)
    {
        foreach (var part in (string[])["data", "stringData"])
        {
            if (secret[part] is JsonObject values)
            {
                foreach (var key in values.Select(value => value.Key).ToList())
                    values[key] = Redacted;
            }
        }

        // What kubectl apply keeps there is the whole object once more.
        if (secret["metadata"]?["annotations"] is JsonObject annotations && annotations.ContainsKey(LastApplied))
            annotations[LastApplied] = Redacted;
        foreach (var item in (secret["items"] as JsonArray ?? []).OfType<JsonObject>())
            Secret(item);
        foreach (var row in (secret["rows"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (row["object"] is JsonObject one)
                Secret(one);
        }

        return secret;
    }

    private static JsonObject Token(JsonObject review)
    {
        foreach (var part in (string[])["spec", "status"])
        {
            if (review[part] is JsonObject fields && fields.ContainsKey("token"))
                fields["token"] = Redacted;
        }

        return review;
    }
}
