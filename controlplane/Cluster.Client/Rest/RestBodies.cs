using System.Buffers;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Client;

/// <summary>Bodies of requests and answers, in JSON or in Kubernetes' protobuf.</summary>
/// <remarks>JSON is read and written by code made at run time, which a program compiled ahead of time does not have: it speaks protobuf alone.</remarks>
internal static class RestBodies
{
    public const string Json = "application/json";
    public const string Protobuf = "application/vnd.kubernetes.protobuf";

    /// <summary>What we take as an answer, the cheaper first.</summary>
    public static string Accept => SpeaksJson ? Protobuf + "," + Json : Protobuf;

    public static string AcceptWatch => SpeaksJson ? Protobuf + ";stream=watch," + Json : Protobuf + ";stream=watch";

    private static bool SpeaksJson => RuntimeFeature.IsDynamicCodeSupported;

    public static HttpContent Encode(IMessage message, string apiVersion, string kind, bool protobuf)
    {
        if (protobuf)
        {
            return Content(Envelope.Encode(message, apiVersion, kind), Protobuf);
        }

        // Asked in place: the compiler ahead of time leaves out what stands behind it.
        if (RuntimeFeature.IsDynamicCodeSupported)
        {
            var json = new ArrayBufferWriter<byte>();
            JsonCodec.Encode(message, json, apiVersion, kind, null);
            return Content(json.WrittenMemory, Json);
        }

        throw NoJson();
    }

    public static HttpContent Content(ReadOnlyMemory<byte> bytes, string mediaType)
    {
        var content = new ReadOnlyMemoryContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    /// <summary>Reads an object of a known type, whichever way the server wrote it.</summary>
    /// <exception cref="IOException">It is JSON, and this program speaks protobuf alone.</exception>
    public static IMessage Decode(ReadOnlyMemory<byte> bytes, MessageDescriptor type)
    {
        if (Envelope.HasMagic(bytes.Span))
        {
            return type.Parser.ParseFrom(Envelope.Open(bytes).Raw.Span);
        }

        return RuntimeFeature.IsDynamicCodeSupported ? JsonCodec.Decode(bytes.Span, type, FieldValidation.Ignore, null) : throw NoJson();
    }

    public static T Decode<T>(ReadOnlyMemory<byte> bytes)
        where T : class, IMessage, new()
    {
        if (Envelope.HasMagic(bytes.Span))
        {
            return ObjectEnvelope.Decode<T>(bytes);
        }

        if (RuntimeFeature.IsDynamicCodeSupported && typeof(T) == typeof(CustomObject))
        {
            return (T)(object)CustomJson.Read(bytes.Span);
        }

        return RuntimeFeature.IsDynamicCodeSupported ? (T)JsonCodec.Decode(bytes.Span, Descriptor<T>.Value, FieldValidation.Ignore, null) : throw NoJson();
    }

    /// <summary>A list of objects of an added kind.</summary>
    /// <exception cref="StatusException">400: it is none.</exception>
    public static ResourceList<CustomObject> DecodeCustomList(ReadOnlyMemory<byte> bytes)
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
            throw NoJson();
        var (items, metadata) = CustomJson.ReadList(bytes.Span);
        return new(items, metadata.ResourceVersion, string.IsNullOrEmpty(metadata.Continue) ? null : metadata.Continue);
    }

    public static Status DecodeStatus(ReadOnlyMemory<byte> bytes) => Decode<Status>(bytes);

    private static IOException NoJson() => new($"the server does not speak {Protobuf}, and this program speaks nothing else");

    private static class Descriptor<T>
        where T : IMessage, new()
    {
        public static readonly MessageDescriptor Value = new T().Descriptor;
    }
}
