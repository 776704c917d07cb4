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

    // What is known to be harmless stays, and nothing else: a field that is misspelt, or the words of a refusal, may hold the value.
    private static JsonObject Secret(JsonObject secret)
    {
        foreach (var (key, value) in secret.ToList())
        {
            switch (key)
            {
                case "apiVersion" or "kind" or "type" or "immutable" or "status" or "reason" or "code" when value is JsonValue or null:
                case "columnDefinitions":
                    break;
                case "metadata" when value is JsonObject metadata:
                    // What kubectl apply keeps there is the whole object once more.
                    if (metadata["annotations"] is JsonObject annotations && annotations.ContainsKey(LastApplied))
                        annotations[LastApplied] = Redacted;
                    break;
                case "data" or "stringData" when value is JsonObject values:
                    foreach (var name in values.Select(one => one.Key).ToList())
                        values[name] = Redacted;
                    break;
                case "items" or "rows" when value is JsonArray list:
                    Each(list, isRow: key == "rows");
                    break;
                default:
                    secret[key] = Redacted;
                    break;
            }
        }

        return secret;
    }

    private static void Each(JsonArray list, bool isRow)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (isRow && list[i] is JsonObject row && row["object"] is JsonObject shown)
                Secret(shown);
            else if (!isRow && list[i] is JsonObject item)
                Secret(item);
            else
                list[i] = Redacted;
        }
    }

    private static JsonObject Token(JsonObject review)
    {
        foreach (var (key, value) in review.ToList())
        {
            switch (key)
            {
                case "apiVersion" or "kind" or "metadata" or "reason" or "code":
                    break;
                case "spec" or "status" when value is JsonObject fields:
                    if (fields.ContainsKey("token"))
                        fields["token"] = Redacted;
                    break;
                default:
                    review[key] = Redacted;
                    break;
            }
        }

        return review;
    }
}
