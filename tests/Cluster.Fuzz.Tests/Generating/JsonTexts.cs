using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using CsCheck;

namespace Cluster.Fuzz.Tests.Generating;

/// <summary>JSON as it should be and as it should not: values of any shape, and objects of the API with parts exchanged.</summary>
internal static class JsonTexts
{
    private const int MostDepth = 4;

    private static readonly JsonSerializerOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1_000 };

    private static Gen<string> Scalar { get; } = Gen.Frequency(
        (4, Texts.Any.Select(Quote)), (2, Gen.OneOf("null", "true", "false", "0", "1", "-1", "8080", "1.5", "\"\"", "[]", "{}")),
        (1, Gen.OneOf("1e400", "-0", "9223372036854775808", "1E5", "0.1e-400", "01", "1.", "\"\\ud800\"", "\"\\u0000\"", "nul", "\"", "99999999999999999999999999999999")));

    /// <summary>A value, mostly well-formed.</summary>
    public static Gen<string> Value { get; } = ValueOf(MostDepth);

    /// <summary>An object: a list of members that may repeat.</summary>
    public static Gen<string> Object { get; } = ObjectOf(ValueOf(MostDepth - 1));

    /// <summary>Brackets in brackets, more of them than any stack would hold.</summary>
    public static Gen<string> Deep { get; } = Gen.Select(Gen.OneOf("[", "{\"a\":", "[{\"spec\":"), Gen.Int[1, 12_000], (open, count) => string.Concat(Enumerable.Repeat(open, count)));

    /// <summary>The texts with some of their values, members and items exchanged for others, taken away or given twice.</summary>
    public static Gen<string> Changed(Gen<string> texts) => Gen.Select(
        texts, Gen.Select(Gen.Int[0, 100_000], Gen.Int[0, 5], Value).Array[0, 5],
        (text, changes) => changes.Aggregate(text, (now, change) => Change(now, change.Item1, change.Item2, change.Item3)));

    private static Gen<string> ValueOf(int depth) => depth == 0
        ? Scalar
        : Gen.Frequency((6, Scalar), (2, ObjectOf(ValueOf(depth - 1))), (2, ValueOf(depth - 1).Array[0, 4].Select(items => $"[{string.Join(',', items)}]")));

    private static Gen<string> ObjectOf(Gen<string> values) =>
        Gen.Select(Texts.Any, values, (name, value) => $"{Quote(name)}:{value}").Array[0, 5].Select(members => $"{{{string.Join(',', members)}}}");

    public static string Quote(string text) => $"\"{JavaScriptEncoder.Default.Encode(text)}\"";

    // A change by its kind of the place that is the at'th of all, counted around.
    private static string Change(string text, int at, int kind, string value)
    {
        if (GoJsonSyntax.Error(Encoding.UTF8.GetBytes(text)) is not null)
            return text;
        JsonNode? root;
        try
        {
            root = JsonTrees.Parse(Encoding.UTF8.GetBytes(text));
        }
        catch (JsonException)
        {
            // Deeper than trees may be.
            return text;
        }

        var places = new List<JsonNode>();
        Collect(root, places);
        if (places.Count == 0)
            return value;
        var place = places[at % places.Count];
        // The value may be no JSON at all: it is put in as text, in the place of a mark.
        const string Mark = "\"\\u0001mark\"";
        var mark = JsonValue.Create("\u0001mark");
        switch (place.Parent, kind)
        {
            case (JsonObject parent, 0):
                parent.Remove(place.GetPropertyName());
                break;
            case (JsonArray parent, 0):
                parent.RemoveAt(place.GetElementIndex());
                break;
            case (JsonArray parent, 1):
                parent.Insert(place.GetElementIndex(), place.DeepClone());
                break;
            case (JsonObject parent, 1):
                parent[place.GetPropertyName()] = new JsonArray(place.DeepClone(), place.DeepClone());
                break;
            case (JsonObject parent, 2):
                // The same member once more.
                var name = place.GetPropertyName();
                parent["\u0002" + name] = mark;
                return root!.ToJsonString(Written).Replace("\\u0002", "", StringComparison.Ordinal).Replace(Mark, value, StringComparison.Ordinal);
            case (JsonObject parent, _):
                parent[place.GetPropertyName()] = mark;
                break;
            case (JsonArray parent, _):
                parent[place.GetElementIndex()] = mark;
                break;
            default:
                return kind > 3 ? value : text;
        }

        return root!.ToJsonString(Written).Replace(Mark, value, StringComparison.Ordinal);
    }

    private static void Collect(JsonNode? node, List<JsonNode> places)
    {
        if (node is null)
            return;
        places.Add(node);
        foreach (var child in node switch { JsonObject members => members.Select(member => member.Value), JsonArray items => items, _ => Enumerable.Empty<JsonNode?>() })
            Collect(child, places);
    }
}
