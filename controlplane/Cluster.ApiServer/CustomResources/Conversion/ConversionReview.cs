using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Json;

namespace Cluster.ApiServer.CustomResources.Conversion;

/// <summary>The question to a conversion webhook and its answer, as JSON: apiextensions.k8s.io/v1 or v1beta1.</summary>
/// <remarks>The texts of failures are those of Kubernetes' converter, by which people know them.</remarks>
internal static class ConversionReview
{
    private const string Kind = "ConversionReview";

    /// <summary>The versions of reviews there are.</summary>
    public static bool IsKnown(string version) => version is "v1" or "v1beta1";

    /// <summary>The question.</summary>
    /// <param name="objects">Used up.</param>
    /// <param name="desired">Group and version they are wanted in.</param>
    /// <param name="uid">Tells this question from others.</param>
    /// <param name="version">v1 or v1beta1.</param>
    public static byte[] Ask(IEnumerable<JsonObject> objects, string desired, string uid, string version) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["kind"] = Kind,
        ["apiVersion"] = ApiVersion(version),
        ["request"] = new JsonObject { ["uid"] = uid, ["desiredAPIVersion"] = desired, ["objects"] = new JsonArray([.. objects]) },
    }.ToJsonString());

    /// <summary>The converted objects.</summary>
    /// <param name="utf8">The answer.</param>
    /// <param name="uid">Of the question.</param>
    /// <param name="version">As it was asked in.</param>
    /// <exception cref="FormatException">It is no answer to the question, or tells a failure.</exception>
    public static JsonArray Read(ReadOnlySpan<byte> utf8, string uid, string version)
    {
        var review = Parse(utf8);
        // Those of the older version never had to say what they are, nor what they answer.
        if (version == "v1" && (Text(review["apiVersion"]), Text(review["kind"])) is var (group, kind) && (group, kind) != (ApiVersion(version), Kind))
            throw new FormatException($"expected webhook response of {ApiVersion(version)}, Kind={Kind}, got {(group.Contains('/', StringComparison.Ordinal) ? group : "/" + group)}, Kind={kind}");
        if (review["response"] is not JsonObject response)
            throw new FormatException("no response provided");
        if (version == "v1" && Text(response["uid"]) is var given && given != uid)
            throw new FormatException($"expected response.uid={GoText.Quote(uid)}, got {GoText.Quote(given)}");
        var result = response["result"] as JsonObject;
        if (Text(result?["status"]) is var status and not "Success")
            throw new FormatException(Text(result?["message"]) is { Length: > 0 } message ? message : $"response.result.status was '{status}', not 'Success'");
        return response["convertedObjects"] as JsonArray ?? [];
    }

    private static JsonObject Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonTrees.Parse(utf8) as JsonObject ?? throw new FormatException("the webhook's answer is no JSON object");
        }
        catch (JsonException error)
        {
            throw new FormatException($"the webhook's answer is no JSON: {error.Message}", error);
        }
    }

    private static string ApiVersion(string version) => $"apiextensions.k8s.io/{version}";

    private static string Text(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";
}
