using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>The schemas of single values.</summary>
internal static class Scalars
{
    public static JsonObject Describe(FieldType type) => type switch
    {
        FieldType.Bool => Of("boolean"),
        FieldType.Int32 => Of("integer", "int32"),
        FieldType.Int64 => Of("integer", "int64"),
        FieldType.Float or FieldType.Double => Of("number", "double"),
        FieldType.Bytes => Of("string", "byte"),
        FieldType.String => Of("string"),
        _ => throw new NotSupportedException($"the contract uses no fields of type {type}"),
    };

    public static JsonObject Of(string type, string? format = null)
    {
        var schema = new JsonObject();
        if (format is not null)
            schema["format"] = format;
        schema["type"] = type;
        return schema;
    }
}
