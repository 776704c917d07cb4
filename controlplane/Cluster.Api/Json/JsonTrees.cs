using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Api.Json;

/// <summary>Parses JSON to a tree that can be changed, as Go reads maps: the last of equal keys counts, bad UTF-8 is mended.</summary>
/// <remarks>JsonNode's own parser works lazily, and throws at such places when they are first looked into.</remarks>
public static class JsonTrees
{
    // Trees are walked by recursion: far deeper than any API type, far less than a thread's stack.
    private const int MaximumDepth = 512;

    /// <exception cref="JsonException">The text is no JSON, or nests too deeply.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8)
    {
        var input = new JsonInput(utf8, reportsProblems: false, MaximumDepth);
        input.Reader.Read();
        var node = Read(ref input);
        input.Reader.Read();
        return node;
    }

    private static JsonNode? Read(ref JsonInput input) => input.Reader.TokenType switch
    {
        JsonTokenType.StartObject => ReadObject(ref input),
        JsonTokenType.StartArray => ReadArray(ref input),
        JsonTokenType.String => JsonValue.Create(input.GetString()),
        JsonTokenType.True => JsonValue.Create(true),
        JsonTokenType.False => JsonValue.Create(false),
        JsonTokenType.Number when input.Reader.TryGetInt64(out var whole) => JsonValue.Create(whole),
        // Kept as it is written: no digit of it is ours to lose.
        JsonTokenType.Number => JsonValue.Create(JsonElement.ParseValue(ref input.Reader)),
        _ => null,
    };

    private static JsonObject ReadObject(ref JsonInput input)
    {
        var members = new JsonObject();
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndObject)
        {
            var name = input.GetString();
            input.Reader.Read();
            members[name] = Read(ref input);
        }

        return members;
    }

    private static JsonArray ReadArray(ref JsonInput input)
    {
        var list = new JsonArray();
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndArray)
            list.Add(Read(ref input));
        return list;
    }
}
