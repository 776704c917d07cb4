using System.Text;
using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;
using Google.Protobuf;

namespace Cluster.ApiServer.Rest;

/// <summary>A list's body out of the shared bytes of its items: nothing is encoded again but the list's own metadata.</summary>
internal static class ListBody
{
    private const string MetadataKind = "PartialObjectMetadataList";

    private const byte MetadataTag = (1 << 3) | 2;
    private const byte ItemsTag = (2 << 3) | 2;
    private const byte TypeMetaTag = (1 << 3) | 2;
    private const byte RawTag = (2 << 3) | 2;

    // A tag, and a length in seven bits a byte.
    private const int MaxHeadBytes = 6;

    private static readonly byte[] Trailer = [0x1a, 0x00, 0x22, 0x00];

    private static readonly byte[] Comma = [(byte)','];
    private static readonly byte[] OpenItem = [(byte)'{'];
    private static readonly byte[] End = [(byte)']', (byte)'}'];

    public static ListMeta Meta(ListResult list)
    {
        var meta = new ListMeta { ResourceVersion = ResourceVersions.Format(list.Revision), Continue = list.Continue };
        if (list is { Continue.Length: > 0, RemainingItemCount: { } remaining })
            meta.RemainingItemCount = remaining;
        return meta;
    }

    public static List<ReadOnlyMemory<byte>> Json(ResourceType type, ListResult list, CancellationToken cancellationToken)
    {
        List<ReadOnlyMemory<byte>> parts = new(2 + 3 * list.Items.Count) { Open(type.ListKind, type.ApiVersion, list) };
        // Items of a list do not repeat its kind: what follows that in the object's own JSON is the item.
        var head = Encoding.UTF8.GetByteCount($"{{\"kind\":\"{type.Kind}\",\"apiVersion\":\"{type.ApiVersion}\",");
        for (var i = 0; i < list.Items.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (i > 0)
                parts.Add(Comma);
            // Objects of added kinds name their kind wherever they stand: clients have no type that would know it.
            if (type.Custom is not null)
            {
                parts.Add(list.Items[i].Json);
                continue;
            }

            parts.Add(OpenItem);
            parts.Add(list.Items[i].Json[head..]);
        }

        parts.Add(End);
        return parts;
    }

    public static List<ReadOnlyMemory<byte>> Protobuf(ResourceType type, ListResult list, CancellationToken cancellationToken)
    {
        var meta = Meta(list).ToByteArray();
        // The heads of all fields in one array, each part a piece of it.
        var heads = new byte[(list.Items.Count + 1) * MaxHeadBytes];
        var used = 0;
        List<ReadOnlyMemory<byte>> fields = new(2 * list.Items.Count + 2) { Head(heads, ref used, MetadataTag, meta.Length), meta };
        var length = fields[0].Length + meta.Length;
        foreach (var item in list.Items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var raw = Envelope.RawOf(item.Protobuf);
            var head = Head(heads, ref used, ItemsTag, raw.Length);
            fields.Add(head);
            fields.Add(raw);
            length += head.Length + raw.Length;
        }

        // The envelope by hand: apiVersion and kind, the length of the body, and after the body empty contentEncoding and contentType.
        var typeMeta = new Api.Runtime.TypeMeta { ApiVersion = type.ApiVersion, Kind = type.ListKind }.ToByteArray();
        ReadOnlyMemory<byte> start = (byte[])
            [.. "k8s\0"u8, .. Head(TypeMetaTag, typeMeta.Length).Span, .. typeMeta, .. Head(RawTag, length).Span];
        fields.Insert(0, start);
        fields.Add(Trailer);
        return fields;
    }

    /// <summary>A list of the items' metadata alone, each of which names its kind, as in Kubernetes.</summary>
    public static List<ReadOnlyMemory<byte>> MetadataJson(ListResult list, string version, CancellationToken cancellationToken)
    {
        List<ReadOnlyMemory<byte>> parts = new(1 + 2 * list.Items.Count) { Open(MetadataKind, version, list) };
        for (var i = 0; i < list.Items.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (i > 0)
                parts.Add(Comma);
            parts.Add(PartialMetadata.Of(list.Items[i].Object, version).Json);
        }

        parts.Add(End);
        return parts;
    }

    /// <summary>A list of the items' metadata alone, in protobuf, whose items have no place for their kind.</summary>
    public static ReadOnlyMemory<byte> MetadataProtobuf(ListResult list, string version, CancellationToken cancellationToken)
    {
        var partial = new PartialObjectMetadataList { Metadata = Meta(list) };
        partial.Items.Add(Until(list.Items, cancellationToken).Select(item => new PartialObjectMetadata { Metadata = item.Object.Metadata }));
        return new EncodedMessage(partial, version, MetadataKind).Protobuf;
    }

    private static ReadOnlyMemory<byte> Open(string kind, string version, ListResult list)
    {
        var meta = Encoding.UTF8.GetString(JsonCodec.EncodeToBytes(Meta(list)));
        return Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind}\",\"apiVersion\":\"{version}\",\"metadata\":{meta},\"items\":[");
    }

    /// <summary>The items, until nobody wants them any more.</summary>
    public static IEnumerable<ObjectVersion> Until(IReadOnlyList<ObjectVersion> items, CancellationToken cancellationToken)
    {
        foreach (var item in items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return item;
        }
    }

    private static ReadOnlyMemory<byte> Head(byte tag, int length)
    {
        var used = 0;
        return Head(new byte[MaxHeadBytes], ref used, tag, length);
    }

    private static ReadOnlyMemory<byte> Head(byte[] bytes, ref int used, byte tag, int length)
    {
        var start = used;
        bytes[used++] = tag;
        for (var rest = (uint)length; ; rest >>= 7)
        {
            bytes[used++] = (byte)(rest < 0x80 ? rest : rest | 0x80);
            if (rest < 0x80)
                return bytes.AsMemory(start, used - start);
        }
    }
}
