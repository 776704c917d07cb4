using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using Cluster.Api.Json.Forms;
using Cluster.Api.MetaV1;
using Google.Protobuf;

namespace Cluster.Api.Custom;

/// <summary>Objects of added kinds as JSON and as trees.</summary>
/// <remarks>
/// The content of an object is kept as text in one canonical form (keys in ordinal order, numbers as Go writes them), so that equal objects
/// are equal bytes.
/// </remarks>
public static class CustomJson
{
    private const string Metadata = "metadata";

    private static readonly byte[] ApiVersionName = "\"apiVersion\":"u8.ToArray();
    private static readonly byte[] KindName = "\"kind\":"u8.ToArray();
    private static readonly byte[] MetadataName = "\"metadata\":"u8.ToArray();

    /// <summary>The object's fields besides apiVersion, kind and metadata; a new tree.</summary>
    public static JsonObject Content(CustomObject obj) =>
        obj.Content.IsEmpty ? [] : JsonTrees.Parse(obj.Content.Span) as JsonObject ?? [];

    /// <summary>Puts the fields besides apiVersion, kind and metadata into an object.</summary>
    /// <param name="obj">Changed.</param>
    /// <param name="content">Not changed; apiVersion, kind and metadata in it are passed over.</param>
    /// <exception cref="JsonDecodeException">A number is too large for any.</exception>
    public static void SetContent(CustomObject obj, JsonObject content)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new JsonOutput(buffer, null);
        output.BeginObject();
        var count = 0;
        foreach (var (name, value) in content.OrderBy(member => member.Key, StringComparer.Ordinal))
        {
            if (name is "apiVersion" or "kind" or Metadata)
                continue;
            output.Key(name);
            Write(ref output, value);
            count++;
        }

        output.EndObject();
        output.Flush();
        obj.Content = count == 0 ? ByteString.Empty : ByteString.CopyFrom(buffer.WrittenSpan);
    }

    /// <summary>The whole object as a tree.</summary>
    public static JsonObject ToTree(CustomObject obj, string apiVersion, string kind)
    {
        var tree = new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind, [Metadata] = MetadataTree(obj.Metadata ?? new ObjectMeta()) };
        var content = Content(obj);
        foreach (var (name, value) in content.ToList())
        {
            content.Remove(name);
            tree[name] = value;
        }

        return tree;
    }

    /// <summary>The object of a tree. apiVersion and kind are the caller's to check.</summary>
    /// <exception cref="JsonDecodeException">The metadata is none.</exception>
    public static CustomObject FromTree(JsonObject tree)
    {
        var obj = new CustomObject { Metadata = MetadataOf(tree[Metadata]) };
        SetContent(obj, tree);
        return obj;
    }

    /// <summary>Reads an object's JSON, as a store or a server has written it.</summary>
    /// <exception cref="StatusException">400: it is no object.</exception>
    public static CustomObject Read(ReadOnlySpan<byte> utf8) => Read(utf8, out _);

    /// <summary>As the other.</summary>
    /// <param name="utf8">One JSON value.</param>
    /// <param name="apiVersion">Group and version it is written in; empty where it does not say.</param>
    /// <exception cref="StatusException">400: it is no object.</exception>
    public static CustomObject Read(ReadOnlySpan<byte> utf8, out string apiVersion)
    {
        try
        {
            if (JsonTrees.Parse(utf8) is not JsonObject tree)
                throw StatusErrors.BadRequest("the object is no JSON object");
            apiVersion = tree["apiVersion"]?.ToString() ?? "";
            return FromTree(tree);
        }
        catch (Exception error) when (error is JsonException or JsonDecodeException)
        {
            throw StatusErrors.BadRequest($"the object cannot be read: {error.Message}");
        }
    }

    /// <summary>Reads a list as a server has written it.</summary>
    /// <exception cref="StatusException">400: it is no list of objects.</exception>
    public static (IReadOnlyList<CustomObject> Items, ListMeta Metadata) ReadList(ReadOnlySpan<byte> utf8)
    {
        try
        {
            if (JsonTrees.Parse(utf8) is not JsonObject tree || tree["items"] is not JsonArray items)
                throw StatusErrors.BadRequest("the list is no JSON object with items");
            var metadata = tree[Metadata] is { } meta
                ? (ListMeta)JsonCodec.Read(meta, ListMeta.Descriptor, FieldValidation.Ignore, null) : new ListMeta();
            return ([.. items.OfType<JsonObject>().Select(FromTree)], metadata);
        }
        catch (Exception error) when (error is JsonException or JsonDecodeException)
        {
            throw StatusErrors.BadRequest($"the list cannot be read: {error.Message}");
        }
    }

    /// <summary>The object's JSON.</summary>
    public static byte[] Encode(CustomObject obj, string apiVersion, string kind)
    {
        var buffer = new ArrayBufferWriter<byte>(obj.Content.Length + 512);
        var output = new JsonOutput(buffer, null);
        Write(ref output, obj, apiVersion, kind);
        output.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Metadata as a tree without what is unset.</summary>
    internal static JsonObject MetadataTree(ObjectMeta metadata)
    {
        var tree = (JsonObject)JsonCodec.ToNode(metadata);
        if (tree.TryGetPropertyValue("creationTimestamp", out var created) && created is null)
            tree.Remove("creationTimestamp");
        return tree;
    }

    /// <exception cref="JsonDecodeException">It is none.</exception>
    internal static ObjectMeta MetadataOf(JsonNode? tree) =>
        tree is null ? new ObjectMeta() : (ObjectMeta)JsonCodec.Read(tree, ObjectMeta.Descriptor, FieldValidation.Ignore, null);

    internal static void Write(ref JsonOutput output, CustomObject obj, string apiVersion, string kind)
    {
        output.BeginObject();
        if (apiVersion.Length > 0)
        {
            output.Name(ApiVersionName);
            output.String(apiVersion);
        }

        if (kind.Length > 0)
        {
            output.Name(KindName);
            output.String(kind);
        }

        if (obj.Metadata is not null)
        {
            output.Name(MetadataName);
            output.BeginObject();
            MessageCodec.For(ObjectMeta.Descriptor).WriteFields(ref output, obj.Metadata);
            output.EndObject();
        }

        if (obj.Content.Length > 2)
        {
            // The members of the content, without its braces, stand beside the metadata.
            output.Separate();
            output.Append(obj.Content.Span[1..^1]);
        }

        output.EndObject();
    }

    private static void Write(ref JsonOutput output, JsonNode? value)
    {
        switch (value)
        {
            case null:
                output.Null();
                break;
            case JsonObject members:
                output.BeginObject();
                foreach (var (name, member) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
                {
                    output.Key(name);
                    Write(ref output, member);
                }

                output.EndObject();
                break;
            case JsonArray list:
                output.BeginArray();
                foreach (var item in list)
                    Write(ref output, item);
                output.EndArray();
                break;
            default:
                WriteScalar(ref output, value);
                break;
        }
    }

    private static void WriteScalar(ref JsonOutput output, JsonNode value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                output.String(value.GetValue<string>());
                break;
            case JsonValueKind.True or JsonValueKind.False:
                output.Bool(value.GetValue<bool>());
                break;
            case JsonValueKind.Null:
                output.Null();
                break;
            default:
                var text = value.ToJsonString();
                if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
                    output.Number(whole);
                else if (double.Parse(text, CultureInfo.InvariantCulture) is var number && double.IsFinite(number))
                    output.Value(Encoding.ASCII.GetBytes(GoNumber.Text(number)));
                else
                    throw new JsonDecodeException($"json: cannot unmarshal number {text} into Go value of type float64");
                break;
        }
    }
}
