using System.Runtime.CompilerServices;
using Cluster.Api.Json;
using Cluster.Api.Runtime;
using Cluster.Api.Custom;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Protobuf;

/// <summary>Kubernetes' protobuf form of an object: <c>k8s\0</c> and a runtime.Unknown with apiVersion, kind and the message.</summary>
public static class Envelope
{
    /// <summary>The media type of bodies in this form.</summary>
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private const string NoMagic = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
    private const int MagicLength = 4;
    private const int TypeMetaField = 1;
    private const int RawField = 2;

    // contentEncoding and contentType, fields 3 and 4, which Go writes though they are empty.
    private const int TrailerLength = 4;

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    private static ReadOnlySpan<byte> Trailer => [0x1a, 0x00, 0x22, 0x00];

    public static bool HasMagic(ReadOnlySpan<byte> data) => data.StartsWith(Magic);

    /// <summary>Encodes an object with the apiVersion and kind of its message.</summary>
    /// <exception cref="ArgumentException">The message is no object.</exception>
    public static byte[] Encode(IMessage message)
    {
        var (apiVersion, kind) = ApiKinds.Of(message)
            ?? throw new ArgumentException($"{message.Descriptor.FullName} is no object", nameof(message));
        return Encode(message, apiVersion, kind);
    }

    /// <summary>Encodes an object. Equal objects give equal bytes: maps are written sorted.</summary>
    /// <remarks>Added kinds have no message: of them the envelope holds the JSON, and says so in its content type.</remarks>
    public static byte[] Encode(IMessage message, string apiVersion, string kind)
    {
        // The JSON codec is made at run time: a program that is compiled before has neither it nor added kinds.
        if (RuntimeFeature.IsDynamicCodeSupported && message is CustomObject custom)
        {
            var unknown = new Unknown
            {
                TypeMeta = new TypeMeta { ApiVersion = apiVersion, Kind = kind },
                Raw = ByteString.CopyFrom(CustomJson.Encode(custom, apiVersion, kind)),
                ContentType = "application/json",
            };
            return [.. Magic, .. unknown.ToByteArray()];
        }

        var typeMeta = new TypeMeta { ApiVersion = apiVersion, Kind = kind };
        var (typeMetaSize, messageSize) = (typeMeta.CalculateSize(), message.CalculateSize());
        var size = MagicLength + TrailerLength + 2
            + CodedOutputStream.ComputeLengthSize(typeMetaSize) + typeMetaSize
            + CodedOutputStream.ComputeLengthSize(messageSize) + messageSize;
        var bytes = new byte[size];
        // Straight into the array: a stream would have a buffer of its own, larger than most objects.
        using var output = new CodedOutputStream(bytes) { Deterministic = true };
        output.WriteRawTag(Magic[0], Magic[1], Magic[2], Magic[3]);
        output.WriteTag(TypeMetaField, WireFormat.WireType.LengthDelimited);
        output.WriteMessage(typeMeta);
        output.WriteTag(RawField, WireFormat.WireType.LengthDelimited);
        output.WriteLength(messageSize);
        message.WriteTo(output);
        Trailer.CopyTo(bytes.AsSpan(size - TrailerLength));
        return bytes;
    }

    /// <summary>Opens an envelope and copies what it holds.</summary>
    /// <exception cref="StatusException">400: the data is no envelope.</exception>
    public static Unknown Decode(ReadOnlyMemory<byte> data)
    {
        var content = Open(data);
        return new Unknown
        {
            TypeMeta = new TypeMeta { ApiVersion = content.ApiVersion, Kind = content.Kind },
            Raw = ByteString.CopyFrom(content.Raw.Span),
        };
    }

    /// <summary>Opens an envelope without copying.</summary>
    /// <exception cref="StatusException">400: the data is no envelope.</exception>
    public static EnvelopeContent Open(ReadOnlyMemory<byte> data)
    {
        CheckMagic(data);
        try
        {
            return EnvelopeReader.Read(data[MagicLength..]);
        }
        catch (InvalidDataException error)
        {
            throw StatusErrors.BadRequest(error.Message);
        }
    }

    /// <summary>The message's bytes alone, where they stand: what reads many objects makes no text of their kinds.</summary>
    /// <exception cref="StatusException">400: the data is no envelope.</exception>
    public static ReadOnlyMemory<byte> RawOf(ReadOnlyMemory<byte> data)
    {
        CheckMagic(data);
        try
        {
            return EnvelopeReader.ReadRaw(data[MagicLength..]);
        }
        catch (InvalidDataException error)
        {
            throw StatusErrors.BadRequest(error.Message);
        }
    }

    /// <summary>
    /// The message of an enveloped object from outside. As Kubernetes does, it drops fields unknown to us, makes quantities and
    /// times canonical, and refuses what JSON could not say.
    /// </summary>
    /// <exception cref="StatusException">400: the data is no envelope, or not one of this message.</exception>
    public static T Decode<T>(ReadOnlyMemory<byte> data)
        where T : class, IMessage<T>, new() => (T)Decode(data, MessageTypes<T>.Descriptor);

    /// <inheritdoc cref="Decode{T}(ReadOnlyMemory{byte})"/>
    public static IMessage Decode(ReadOnlyMemory<byte> data, MessageDescriptor type)
    {
        var content = Open(data);
        try
        {
            var message = type.Parser.WithDiscardUnknownFields(true).ParseFrom(content.Raw.Span);
            MessageCodec.For(type).Normalize(message);
            return message;
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or JsonDecodeException)
        {
            throw DecodeErrors.CannotHandle(content.ApiVersion, content.Kind, type, error.Message, content.Raw.Span);
        }
    }

    private static void CheckMagic(ReadOnlyMemory<byte> data)
    {
        if (data.IsEmpty)
            throw StatusErrors.BadRequest("empty data");
        if (!HasMagic(data.Span))
            throw StatusErrors.BadRequest(NoMagic);
    }
}
