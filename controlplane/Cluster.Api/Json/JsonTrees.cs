using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Api.Json;

/// <summary>Parses JSON to a tree that can be changed. Of a key that comes twice the last value counts, as in Go's maps.</summary>
/// <remarks>JsonNode's own parser makes objects lazily and throws at a duplicate key when the object is first looked into.</remarks>
internal static class JsonTrees
{
    // Trees are walked by recursion: far deeper than any API type, far less than a thread's stack.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 512 };

    /// <exception cref="JsonException">The text is no JSON, or nests too deeply.</exception>
    public static JsonNode? Parse(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8, Options);
        return Build(document.RootElement.Clone());
    }

    private static JsonNode? Build(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var members = new JsonObject();
                foreach (var property in element.EnumerateObject())
                    members[property.Name] = Build(property.Value);
                return members;
            case JsonValueKind.Array:
                var list = new JsonArray();
                foreach (var item in element.EnumerateArray())
                    list.Add(Build(item));
                return list;
            case JsonValueKind.Null:
                return null;
            default:
                return JsonValue.Create(element);
        }
    }
}
