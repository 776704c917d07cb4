using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Custom;
using Cluster.Api.Json.Fields;
using Cluster.Api.Protobuf;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Json;

/// <summary>The API's JSON: between text and messages in one pass each way, byte for byte what Go's encoders write.</summary>
/// <remarks>
/// Driven by the descriptors and options of Protos/; the accessors of a message are made when it is first met. Thread-safe.
/// Sizes are for the caller to bound (a server refuses bodies over 3 MiB); depth is bounded here.
/// </remarks>
public static class JsonCodec
{
    private static readonly byte[] ApiVersionName = "\"apiVersion\":"u8.ToArray();
    private static readonly byte[] KindName = "\"kind\":"u8.ToArray();

    private static readonly JsonWriterOptions NodeWriterOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1024 };

    /// <summary>Reads an object. Unknown fields are dropped.</summary>
    /// <exception cref="StatusException">400 BadRequest, in Kubernetes' words.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> utf8)
        where T : class, IMessage<T>, new() => (T)Decode(utf8, MessageTypes<T>.Descriptor, FieldValidation.Ignore, null);

    /// <summary>Reads an object of a type.</summary>
    /// <param name="utf8">One JSON value.</param>
    /// <param name="type">What it must be; a kind in the text that is another one is refused.</param>
    /// <param name="mode">What becomes of unknown and duplicate fields.</param>
    /// <param name="warnings">Gets their descriptions when <paramref name="mode"/> is <see cref="FieldValidation.Warn"/>.</param>
    /// <exception cref="StatusException">400 BadRequest, in Kubernetes' words.</exception>
    public static IMessage Decode(ReadOnlySpan<byte> utf8, MessageDescriptor type, FieldValidation mode, List<string>? warnings)
    {
        try
        {
            return Read(utf8, type, mode, warnings);
        }
        catch (JsonException)
        {
            throw Unreadable(utf8, type) ?? StatusErrors.BadRequest("exceeded max depth");
        }
        catch (JsonDecodeException error)
        {
            // Kubernetes checks the syntax of the whole body, then reads what it says of itself, before it looks at a field.
            throw Unreadable(utf8, type) ?? DeclaredKind.Read(utf8, type).Error(error.Message, utf8);
        }
    }

    /// <summary>Writes an object with the apiVersion and kind of its message; other messages without.</summary>
    public static void Encode(IMessage message, IBufferWriter<byte> output)
    {
        var (apiVersion, kind) = ApiKinds.Of(message) ?? ("", "");
        Encode(message, output, apiVersion, kind, null);
    }

    /// <summary>Writes an object.</summary>
    /// <param name="resourceVersion">Replaces metadata.resourceVersion; null leaves the message's own.</param>
    public static void Encode(IMessage message, IBufferWriter<byte> output, string apiVersion, string kind, string? resourceVersion)
    {
        var json = new JsonOutput(output, resourceVersion);
        WriteObject(ref json, message, apiVersion, kind);
        json.Flush();
    }

    public static byte[] EncodeToBytes(IMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Encode(message, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The object as a tree, for patches.</summary>
    public static JsonNode ToNode(IMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Encode(message, buffer);
        return JsonTrees.Parse(buffer.WrittenSpan)!;
    }

    /// <summary>The object of a tree.</summary>
    /// <exception cref="StatusException">400 BadRequest, in Kubernetes' words.</exception>
    public static IMessage FromNode(JsonNode node, MessageDescriptor type, FieldValidation mode, List<string>? warnings) =>
        Decode(Text(node), type, mode, warnings);

    /// <summary>As <see cref="FromNode"/>, with the bare reason of a refusal, for those who word the answer otherwise.</summary>
    /// <exception cref="JsonDecodeException">The tree is no such object.</exception>
    /// <exception cref="StatusException">400: it says itself that it is of another kind.</exception>
    internal static IMessage Read(JsonNode node, MessageDescriptor type, FieldValidation mode, List<string>? warnings) =>
        Read(Text(node), type, mode, warnings);

    /// <summary>Writes the object in an envelope: what a watch event in protobuf carries.</summary>
    internal static void WriteEnveloped(ref JsonOutput output, ReadOnlyMemory<byte> envelope)
    {
        var content = Envelope.Open(envelope);
        if (ApiKinds.Find(content.ApiVersion, content.Kind) is not { } type)
        {
            output.Null();
            return;
        }

        WriteObject(ref output, type.Parser.ParseFrom(content.Raw.Span), content.ApiVersion, content.Kind);
    }

    private static IMessage Read(ReadOnlySpan<byte> utf8, MessageDescriptor type, FieldValidation mode, List<string>? warnings)
    {
        var input = new JsonInput(utf8, mode != FieldValidation.Ignore);
        input.Reader.Read();
        var codec = MessageCodec.For(type);
        // Go reads null into anything as nothing.
        var message = input.Reader.TokenType == JsonTokenType.Null ? codec.NewMessage() : codec.ReadMessage(ref input);
        input.Reader.Read();
        DeclaredKind.Check(input.ApiVersion, input.Kind, type);
        if (input.Problems is not null)
            TellProblems(ref input, mode, warnings);
        return message;
    }

    private static ReadOnlySpan<byte> Text(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, NodeWriterOptions))
            node.WriteTo(writer);
        return buffer.WrittenSpan;
    }

    private static void WriteObject(ref JsonOutput output, IMessage message, string apiVersion, string kind)
    {
        if (message is CustomObject custom)
        {
            CustomJson.Write(ref output, custom, apiVersion, kind);
            return;
        }

        output.BeginObject();
        // In Go's order: TypeMeta is kind, then apiVersion.
        if (kind.Length > 0)
        {
            output.Name(KindName);
            output.String(kind);
        }

        if (apiVersion.Length > 0)
        {
            output.Name(ApiVersionName);
            output.String(apiVersion);
        }

        MessageCodec.For(message.Descriptor).WriteFields(ref output, message);
        output.EndObject();
    }

    private static void TellProblems(ref JsonInput input, FieldValidation mode, List<string>? warnings)
    {
        var paths = JsonPaths.Of(input.Data, input.Problems!);
        var told = new List<string>(paths.Count);
        for (var index = 0; index < paths.Count; index++)
        {
            var text = $"{input.Problems![index].Problem} {GoText.Quote(paths[index])}";
            if (!told.Contains(text))
                told.Add(text);
        }

        if (mode == FieldValidation.Strict)
            throw new JsonDecodeException("strict decoding error: " + string.Join(", ", told));
        warnings?.AddRange(told);
    }

    private static StatusException? Unreadable(ReadOnlySpan<byte> utf8, MessageDescriptor type) =>
        GoJsonSyntax.Error(utf8) is { } error ? DecodeErrors.NoTypeMeta(type, error, utf8) : null;
}
