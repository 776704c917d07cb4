using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>Values of a JSON tree as Go sees them: equality of merge keys, and their look in error texts.</summary>
internal static class JsonScalars
{
    /// <summary>A text that two scalars share when they are equal, of the same type and the same value.</summary>
    public static string Key(JsonNode? scalar) => scalar is null ? "null" : scalar.GetValueKind() switch
    {
        JsonValueKind.String => "s" + scalar.GetValue<string>(),
        _ => scalar.ToJsonString(),
    };

    /// <summary>The kind of a value as Go's decoder names it.</summary>
    public static string Describe(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "bool",
            _ => "number",
        },
    };

    /// <summary>The Go type of a value in a tree.</summary>
    public static string GoType(JsonNode? node) => node switch
    {
        null => "%!s(<nil>)",
        JsonObject => "map[string]interface {}",
        JsonArray => "[]interface {}",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "bool",
            _ => node.ToJsonString().AsSpan().ContainsAny(".eE") ? "float64" : "int64",
        },
    };

    /// <summary>A value as Go prints it: <c>map[a:1 b:[x y]]</c>.</summary>
    public static string GoPrint(JsonNode? node)
    {
        var text = new StringBuilder();
        Print(node, text);
        return text.ToString();
    }

    /// <summary>A scalar as Go prints it where it expects text: <c>%!s(int64=1)</c>.</summary>
    public static string GoString(JsonNode? scalar) =>
        scalar is JsonValue value && value.GetValueKind() != JsonValueKind.String ? $"%!s({GoType(value)}={GoPrint(value)})"
        : scalar is null ? "%!s(<nil>)" : GoPrint(scalar);

    /// <summary>A value as Go's <c>%#v</c> writes it: how errors show objects and lists.</summary>
    public static string GoSyntax(JsonNode? value) => value switch
    {
        null => "interface {}(nil)",
        JsonObject members => "map[string]interface {}{"
            + string.Join(", ", members.OrderBy(member => member.Key, StringComparer.Ordinal)
                .Select(member => $"{GoText.Quote(member.Key)}:{GoSyntax(member.Value)}")) + "}",
        JsonArray list => $"[]interface {{}}{{{string.Join(", ", list.Select(GoSyntax))}}}",
        _ => value.GetValueKind() == JsonValueKind.String ? GoText.Quote(value.GetValue<string>()) : value.ToJsonString(),
    };

    private static void Print(JsonNode? node, StringBuilder text)
    {
        switch (node)
        {
            case null:
                text.Append("<nil>");
                break;
            case JsonObject members:
                text.Append("map[");
                var separator = "";
                foreach (var (key, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
                {
                    text.Append(separator).Append(key).Append(':');
                    Print(value, text);
                    separator = " ";
                }

                text.Append(']');
                break;
            case JsonArray list:
                text.Append('[');
                for (var index = 0; index < list.Count; index++)
                {
                    text.Append(index == 0 ? "" : " ");
                    Print(list[index], text);
                }

                text.Append(']');
                break;
            default:
                text.Append(node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString());
                break;
        }
    }
}
