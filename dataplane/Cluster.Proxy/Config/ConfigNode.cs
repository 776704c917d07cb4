using System.Runtime.CompilerServices;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cluster.Proxy.Config;

/// <summary>A value of a YAML document with the line it begins at: a scalar, a list or a mapping.</summary>
/// <remarks>Made from the parser's events: one small object a value, where the library's own document model has several.</remarks>
internal sealed class ConfigNode(long line)
{
    public long Line { get; } = line;

    public string? Scalar { get; init; }

    public List<ConfigNode>? Items { get; init; }

    public List<(ConfigNode Key, ConfigNode Value)>? Fields { get; init; }

    /// <exception cref="ConfigException">It is not one YAML document.</exception>
    public static ConfigNode Read(TextReader text) => Read(text, null, static _ => { });

    /// <summary>Reads a document whose root has a long list: each item is handed over when it is read, so that they are never in memory together.</summary>
    /// <param name="text">The document.</param>
    /// <param name="listed">The root's field that holds the list; it is empty in what is returned.</param>
    /// <param name="take">Gets the items in their order.</param>
    /// <exception cref="ConfigException">It is not one YAML document.</exception>
    public static ConfigNode Read(TextReader text, string? listed, Action<ConfigNode> take)
    {
        var parser = new Parser(text);
        try
        {
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) throw new ConfigException(1, "there must be one YAML document");
            var root = parser.Accept<MappingStart>(out _) && listed is not null ? ReadRoot(parser, listed, take) : Read(parser, []);
            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _) ? root : throw new ConfigException(1, "there must be one YAML document");
        }
        catch (YamlException exception)
        {
            throw new ConfigException(exception.Start.Line, exception.InnerException?.Message ?? exception.Message);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            // What the parser throws for some unclosed brackets and for half a surrogate pair; it knows where it was.
            throw new ConfigException(parser.Current?.End.Line ?? 1, "this is not YAML");
        }
    }

    /// <summary>The first field of the root that is one of those looked for, or null; nothing behind it is read.</summary>
    /// <exception cref="ConfigException">It is not YAML up to there.</exception>
    public static string? FirstField(TextReader text, Func<string, bool> isLookedFor)
    {
        var parser = new Parser(text);
        try
        {
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _) || !parser.TryConsume<MappingStart>(out _)) return null;
            while (parser.TryConsume<Scalar>(out var key))
            {
                if (isLookedFor(key.Value)) return key.Value;
                parser.SkipThisAndNestedEvents();
            }

            return null;
        }
        catch (YamlException exception)
        {
            throw new ConfigException(exception.Start.Line, exception.InnerException?.Message ?? exception.Message);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            throw new ConfigException(parser.Current?.End.Line ?? 1, "this is not YAML");
        }
    }

    private static ConfigNode ReadRoot(Parser parser, string listed, Action<ConfigNode> take)
    {
        var anchors = new Dictionary<AnchorName, ConfigNode>();
        var fields = new List<(ConfigNode, ConfigNode)>();
        var start = parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = Read(parser, anchors);
            if (key.Scalar == listed && parser.TryConsume<SequenceStart>(out var list))
            {
                while (!parser.TryConsume<SequenceEnd>(out _)) take(Read(parser, anchors));
                fields.Add((key, new ConfigNode(list.Start.Line) { Items = [] }));
            }
            else
            {
                fields.Add((key, Read(parser, anchors)));
            }
        }

        return new ConfigNode(start.Start.Line) { Fields = fields };
    }

    private static ConfigNode Read(Parser parser, Dictionary<AnchorName, ConfigNode> anchors)
    {
        if (parser.TryConsume<AnchorAlias>(out var alias))
            return anchors.TryGetValue(alias.Value, out var known) ? known : throw new ConfigException(alias.Start.Line, $"there is no anchor {alias.Value}");
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new ConfigException(parser.Current!.Start.Line, "this is nested too deeply");
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
