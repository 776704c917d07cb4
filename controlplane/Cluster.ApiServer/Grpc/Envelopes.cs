using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.Protobuf;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.Grpc;

/// <summary>Objects as they travel: the Kubernetes protobuf envelope around a message.</summary>
internal static class Envelopes
{
    /// <exception cref="StatusException">400: not an envelope, not of this kind, or its content does not parse.</exception>
    public static IApiObject Open(ByteString bytes, string apiVersion, string kind, MessageDescriptor type)
    {
        var content = Envelope.Open(bytes.Memory);
        // An empty type is the caller's way of saying "what the method expects".
        if ((content.ApiVersion.Length > 0 || content.Kind.Length > 0) && (content.ApiVersion != apiVersion || content.Kind != kind))
        {
            throw StatusErrors.BadRequest(
                $"{content.Kind} in version {GoText.Quote(content.ApiVersion)} cannot be handled as a {kind} of {GoText.Quote(apiVersion)}");
        }

        return (IApiObject)Envelope.Decode(bytes.Memory, type);
    }

    /// <summary>An object of an added kind: the envelope holds its JSON.</summary>
    /// <exception cref="StatusException">400: not an envelope, or no JSON of this kind in it.</exception>
    public static CustomObject OpenCustom(ByteString bytes, ResourceType type) =>
        CustomDecoder.Decode(Envelope.Open(bytes.Memory).Raw.Span, type, FieldValidation.Ignore, null);

    /// <summary>The bytes of an encoded object, shared and not copied.</summary>
    public static ByteString Wrap(ReadOnlyMemory<byte> envelope) => UnsafeByteOperations.UnsafeWrap(envelope);
}
