using System.Buffers;
using Cluster.Api.Json;
using Cluster.Api.Protobuf;
using Google.Protobuf;

namespace Cluster.ApiServer.WatchCache;

/// <summary>A message with its wire forms, each made at most once and shared by everyone who sends it.</summary>
/// <remarks>Two readers that ask first at the same time may both encode; one result stays. The message must not change any more.</remarks>
public class EncodedMessage(IMessage message, string apiVersion, string kind)
{
    // Most objects' JSON fits at the first try.
    private const int UsualBytes = 2048;

    private byte[]? _json;
    private byte[]? _protobuf;

    public IMessage Message { get; } = message;

    public string ApiVersion { get; } = apiVersion;

    public string Kind { get; } = kind;

    /// <summary>JSON with kind and apiVersion, in that order, at its beginning.</summary>
    public ReadOnlyMemory<byte> Json => Volatile.Read(ref _json) ?? (_json = EncodeJson());

    /// <summary>Kubernetes protobuf in its envelope.</summary>
    public ReadOnlyMemory<byte> Protobuf => Volatile.Read(ref _protobuf) ?? (_protobuf = Envelope.Encode(Message, ApiVersion, Kind));

    private byte[] EncodeJson()
    {
        var output = new ArrayBufferWriter<byte>(UsualBytes);
        JsonCodec.Encode(Message, output, ApiVersion, Kind, resourceVersion: null);
        return output.WrittenSpan.ToArray();
    }
}
