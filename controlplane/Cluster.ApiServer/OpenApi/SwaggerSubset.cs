using System.Text.Json.Nodes;

namespace Cluster.ApiServer.OpenApi;

/// <summary>A definition's schema as far as swagger 2.0 and its readers take it.</summary>
/// <remarks>
/// kubectl before 1.25 holds objects to what stands here. Where it is not the whole truth (null is allowed too, or any field), type, items and
/// properties must not stand here. The rules are those of Kubernetes' openapi/v2 conversion.
/// </remarks>
internal static class SwaggerSubset
{
    private static readonly HashSet<string> Kept =
    [
        "title", "description", "type", "format", "properties", "items", "additionalProperties", "required", "enum", "default", "maximum",
        "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf",
        "maxProperties", "minProperties",
    ];

    public static JsonObject Of(JsonObject schema)
    {
        var kept = new JsonObject();
        foreach (var (name, value) in schema)
        {
            if (value is not null && (Kept.Contains(name) || name.StartsWith("x-kubernetes-", StringComparison.Ordinal)) && !Misleads(schema, name))
                kept[name] = Inner(name, value);
        }

        Require(schema, kept);
        return kept;
    }

    private static bool Misleads(JsonObject schema, string name) => name switch
    {
        "items" or "properties" => SchemaFlags.IsNullable(schema) || SchemaFlags.KeepsUnknown(schema),
        // An array whose items do not stand here is one that kubectl cannot read.
        "type" => SchemaFlags.IsNullable(schema) || SchemaFlags.IsIntOrString(schema) || SchemaFlags.KeepsUnknown(schema)
            || (schema["items"] is null && schema["type"]?.ToString() == "array"),
        _ => false,
    };

    private static JsonNode Inner(string name, JsonNode value) => (name, value) switch
    {
        ("properties", JsonObject properties) => new JsonObject(properties.Select(property =>
            KeyValuePair.Create(property.Key, (JsonNode?)(property.Value is JsonObject inner ? Of(inner) : [])))),
        ("items" or "additionalProperties", JsonObject inner) => Of(inner),
        ("additionalProperties", _) => new JsonObject(),
        _ => value.DeepClone(),
    };

    /// <summary>A field that may be null is missing to kubectl when it is: it is not asked for here.</summary>
    private static void Require(JsonObject schema, JsonObject kept)
    {
        if (kept["required"] is not JsonArray required)
            return;
        var names = required.Select(name => name!.ToString()).Where(name => !MayBeNull(schema["properties"]?[name])).ToList();
        kept.Remove("required");
        if (names.Count > 0 && !MayBeNull(schema["additionalProperties"]))
            kept["required"] = new JsonArray([.. names.Select(name => (JsonNode)name)]);
    }

    private static bool MayBeNull(JsonNode? schema) => schema is JsonObject inner && SchemaFlags.IsNullable(inner);
}
