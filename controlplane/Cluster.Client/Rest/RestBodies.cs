using System.Buffers;
using System.Net.Http.Headers;
using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Client;

/// <summary>Bodies of requests and answers, in JSON or in Kubernetes' protobuf.</summary>
internal static class RestBodies
{
    public const string Json = "application/json";
    public const string Protobuf = "application/vnd.kubernetes.protobuf";

    /// <summary>What we take as an answer, the cheaper first.</summary>
    public const string Accept = Protobuf + "," + Json;

    public const string AcceptWatch = Protobuf + ";stream=watch," + Json;

    public static HttpContent Encode(IMessage message, string apiVersion, string kind, bool protobuf)
    {
        if (protobuf)
        {
            return Content(Envelope.Encode(message, apiVersion, kind), Protobuf);
        }

        var json = new ArrayBufferWriter<byte>();
        JsonCodec.Encode(message, json, apiVersion, kind, null);
        return Content(json.WrittenMemory, Json);
    }

    public static HttpContent Content(ReadOnlyMemory<byte> bytes, string mediaType)
    {
        var content = new ReadOnlyMemoryContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    /// <summary>Reads an object of a known type, whichever way the server wrote it.</summary>
    public static IMessage Decode(ReadOnlyMemory<byte> bytes, MessageDescriptor type) =>
        Envelope.HasMagic(bytes.Span)
            ? type.Parser.ParseFrom(Envelope.Decode(bytes).Raw)
            : JsonCodec.Decode(bytes.Span, type, FieldValidation.Ignore, null);

    public static T Decode<T>(ReadOnlyMemory<byte> bytes)
        where T : class, IMessage, new() =>
        Envelope.HasMagic(bytes.Span) ? ObjectEnvelope.Decode<T>(bytes) : (T)JsonCodec.Decode(bytes.Span, Descriptor<T>.Value, FieldValidation.Ignore, null);

    public static Status DecodeStatus(ReadOnlyMemory<byte> bytes) => Decode<Status>(bytes);

    private static class Descriptor<T>
        where T : IMessage, new()
    {
        public static readonly MessageDescriptor Value = new T().Descriptor;
    }
}
