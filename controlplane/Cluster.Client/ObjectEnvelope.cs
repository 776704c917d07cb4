using System.Runtime.CompilerServices;
using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.Protobuf;
using Google.Protobuf;

namespace Cluster.Client;

/// <summary>Objects in Kubernetes' protobuf envelope.</summary>
internal static class ObjectEnvelope
{
    public static ByteString Encode(IApiObject obj, ResourceType type) =>
        UnsafeByteOperations.UnsafeWrap(Envelope.Encode(obj, type.ApiVersion, type.Kind));

    public static T Decode<T>(ReadOnlyMemory<byte> bytes)
        where T : IMessage, new()
    {
        if (RuntimeFeature.IsDynamicCodeSupported && typeof(T) == typeof(CustomObject))
        {
            return (T)(object)CustomJson.Read(Envelope.Open(bytes).Raw.Span);
        }

        var message = new T();
        message.MergeFrom(Envelope.Open(bytes).Raw.Span);
        return message;
    }
}
