using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cluster.Api.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cluster.Api.Yaml;

/// <summary>YAML input as JSON, by the rules of Kubernetes' tools: YAML 1.1 scalars, several documents, no duplicate keys.</summary>
public static class YamlCodec
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The documents of a text, in order; empty ones are left out. JSON passes through as it is.</summary>
    /// <exception cref="StatusException">400: the text is no YAML, or none that JSON can say.</exception>
    public static IReadOnlyList<byte[]> ToJson(string yaml)
    {
        if (yaml.AsSpan().TrimStart().StartsWith("{") && Encoding.UTF8.GetBytes(yaml) is var json && GoJsonSyntax.Error(json) is null)
            return [json];
        try
        {
            return Documents(yaml);
        }
        catch (YamlException error)
        {
            throw StatusErrors.BadRequest($"error converting YAML to JSON: yaml: line {error.Start.Line}: {error.Message}");
        }
        catch (Exception error) when (error is not StatusException)
        {
            // The parser lets several exceptions of its insides out on damaged text; all of them mean that it is no YAML.
            throw StatusErrors.BadRequest($"error converting YAML to JSON: yaml: {error.Message}");
        }
    }

    private static List<byte[]> Documents(string yaml)
    {
        var documents = new List<byte[]>();
        using var text = new StringReader(yaml);
        var parser = new Parser(text);
        parser.Consume<StreamStart>();
        while (!parser.TryConsume<StreamEnd>(out _))
        {
            parser.Consume<DocumentStart>();
            var node = new YamlTree(parser).Read();
            parser.Consume<DocumentEnd>();
            if (node is null)
                continue;
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
                node.WriteTo(writer);
            documents.Add(buffer.WrittenSpan.ToArray());
        }

        return documents;
    }
}
