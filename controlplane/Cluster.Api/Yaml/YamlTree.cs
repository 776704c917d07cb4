using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cluster.Api.Yaml;

/// <summary>Builds the JSON tree of one YAML document from the parser's events; depth and what aliases expand to are bounded.</summary>
internal sealed class YamlTree(IParser parser)
{
    private const int MaximumDepth = 256;

    // An honest manifest is thousands of nodes; "billion laughs" is nine aliases of nine aliases.
    private const int MaximumNodes = 1_000_000;

    // One long text that many aliases name is few nodes: what a body may be is enough for all copies together.
    private const int MaximumCopied = 3 * 1024 * 1024;

    private const string ExcessiveAliasing = "document contains excessive aliasing";

    private readonly Dictionary<AnchorName, JsonNode?> anchors = [];
    private int depth;
    private int nodes;
    private long copied;

    /// <summary>Reads the node the parser is on and moves behind it.</summary>
    /// <exception cref="YamlException">The document can't be JSON.</exception>
    public JsonNode? Read()
    {
        if (parser.TryConsume<AnchorAlias>(out var alias))
            return Expand(alias);
        Count(1, parser.Current!);
        if (parser.TryConsume<Scalar>(out var scalar))
            return Remember(scalar.Anchor, YamlScalars.Resolve(scalar));
        if (++depth > MaximumDepth)
            throw Error(parser.Current!, "exceeded max depth");
        var node = parser.TryConsume<SequenceStart>(out var sequence)
            ? Remember(sequence.Anchor, ReadSequence())
            : Remember(parser.Current is MappingStart mapping ? mapping.Anchor : default, ReadMapping());
        depth--;
        return node;
    }

    private JsonArray ReadSequence()
    {
        var list = new JsonArray();
        while (!parser.TryConsume<SequenceEnd>(out _))
            list.Add(Read());
        return list;
    }

    private JsonObject ReadMapping()
    {
        parser.Consume<MappingStart>();
        var members = new JsonObject();
        var merged = new List<JsonNode?>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var start = parser.Current!;
            var isMerge = start is Scalar { Value: "<<", Style: ScalarStyle.Plain };
            var key = Key(start, Read());
            var value = Read();
            if (isMerge)
                merged.Add(value);
            else if (!members.TryAdd(key, value))
                throw Error(start, $"key \"{key}\" already set in map");
        }

        foreach (var source in merged)
            Merge(members, source);
        return members;
    }

    // "<<": the keys of another map, or of several, that this one does not have itself.
    private static void Merge(JsonObject members, JsonNode? source)
    {
        foreach (var map in source is JsonArray list ? list : [source?.DeepClone()])
        {
            foreach (var (key, value) in map as JsonObject ?? [])
                members.TryAdd(key, value?.DeepClone());
        }
    }

    private static string Key(ParsingEvent at, JsonNode? key) => key switch
    {
        JsonValue value => value.TryGetValue(out string? text) ? text : value.ToJsonString(),
        _ => throw Error(at, "unsupported map key"),
    };

    private JsonNode? Expand(AnchorAlias alias)
    {
        if (!anchors.TryGetValue(alias.Value, out var node))
            throw Error(alias, $"unknown anchor '{alias.Value}' referenced");
        var (more, characters) = Size(node);
        Count(more, alias);
        if ((copied += characters) > MaximumCopied)
            throw Error(alias, ExcessiveAliasing);
        return node?.DeepClone();
    }

    private JsonNode? Remember(AnchorName anchor, JsonNode? node)
    {
        if (!anchor.IsEmpty)
            anchors[anchor] = node;
        return node;
    }

    private void Count(int more, ParsingEvent at)
    {
        nodes += more;
        if (nodes > MaximumNodes)
            throw Error(at, ExcessiveAliasing);
    }

    private static (int Nodes, long Characters) Size(JsonNode? node) => node switch
    {
        JsonObject members => members.Select(member => Add(Size(member.Value), (0, member.Key.Length))).Aggregate((1, 0L), Add),
        JsonArray list => list.Select(Size).Aggregate((1, 0L), Add),
        JsonValue value when value.TryGetValue(out string? text) => (1, text.Length),
        _ => (1, 0),
    };

    private static (int Nodes, long Characters) Add((int Nodes, long Characters) left, (int Nodes, long Characters) right) =>
        (left.Nodes + right.Nodes, left.Characters + right.Characters);

    private static YamlException Error(ParsingEvent at, string message) => new(at.Start, at.End, message);
}
