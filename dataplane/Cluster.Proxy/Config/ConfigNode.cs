using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cluster.Proxy.Config;

/// <summary>A value of a YAML document with the line it begins at: a scalar, a list or a mapping.</summary>
/// <remarks>Made from the parser's events: one small object a value, where the library's own document model has several.</remarks>
internal sealed class ConfigNode(long line)
{
    public long Line { get; } = line;

    public string? Scalar { get; private init; }

    public List<ConfigNode>? Items { get; private init; }

    public List<(ConfigNode Key, ConfigNode Value)>? Fields { get; private init; }

    /// <exception cref="ConfigException">It is not one YAML document.</exception>
    public static ConfigNode Read(string text)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) throw new ConfigException(1, "there must be one YAML document");
            var root = Read(parser, []);
            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _) ? root : throw new ConfigException(1, "there must be one YAML document");
        }
        catch (YamlException exception)
        {
            throw new ConfigException(exception.Start.Line, exception.InnerException?.Message ?? exception.Message);
        }
        catch (InvalidOperationException)
        {
            // What the parser throws for some unclosed brackets; it knows where it was.
            throw new ConfigException(parser.Current?.End.Line ?? 1, "this is not YAML");
        }
    }

    private static ConfigNode Read(Parser parser, Dictionary<AnchorName, ConfigNode> anchors)
    {
        if (parser.TryConsume<AnchorAlias>(out var alias))
            return anchors.TryGetValue(alias.Value, out var known) ? known : throw new ConfigException(alias.Start.Line, $"there is no anchor {alias.Value}");
        var start = parser.Consume<NodeEvent>();
        var node = start switch
        {
            Scalar scalar => new ConfigNode(start.Start.Line) { Scalar = scalar.Value },
            SequenceStart => new ConfigNode(start.Start.Line) { Items = ReadItems(parser, anchors) },
            _ => new ConfigNode(start.Start.Line) { Fields = ReadFields(parser, anchors) },
        };
        if (!start.Anchor.IsEmpty) anchors[start.Anchor] = node;
        return node;
    }

    private static List<ConfigNode> ReadItems(Parser parser, Dictionary<AnchorName, ConfigNode> anchors)
    {
        var items = new List<ConfigNode>();
        while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Read(parser, anchors));
        return items;
    }

    private static List<(ConfigNode, ConfigNode)> ReadFields(Parser parser, Dictionary<AnchorName, ConfigNode> anchors)
    {
        var fields = new List<(ConfigNode, ConfigNode)>();
        while (!parser.TryConsume<MappingEnd>(out _)) fields.Add((Read(parser, anchors), Read(parser, anchors)));
        return fields;
    }
}
