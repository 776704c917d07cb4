using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.OpenApi;

/// <summary>What a schema of a definition says by true or false.</summary>
internal static class SchemaFlags
{
    public static bool IsNullable(JsonObject schema) => IsSet(schema, "nullable");

    public static bool KeepsUnknown(JsonObject schema) => IsSet(schema, "x-kubernetes-preserve-unknown-fields");

    public static bool IsEmbedded(JsonObject schema) => IsSet(schema, "x-kubernetes-embedded-resource");

    public static bool IsIntOrString(JsonObject schema) => IsSet(schema, "x-kubernetes-int-or-string");

    private static bool IsSet(JsonObject schema, string name) => schema[name] is JsonValue value && value.GetValueKind() == JsonValueKind.True;
}
