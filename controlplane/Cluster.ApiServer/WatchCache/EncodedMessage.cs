using Google.Protobuf;
using Cluster.Api.Runtime;

namespace Cluster.ApiServer.WatchCache;

/// <summary>A message with its wire forms, each made at most once and shared by everyone who sends it.</summary>
/// <remarks>Two readers that ask first at the same time may both encode; one result stays. The message must not change any more.</remarks>
public class EncodedMessage(IMessage message, string apiVersion, string kind)
{
    private byte[]? _protobuf;

    public IMessage Message { get; } = message;

    public string ApiVersion { get; } = apiVersion;

    public string Kind { get; } = kind;

    /// <summary>Kubernetes protobuf in its envelope.</summary>
    public ReadOnlyMemory<byte> Protobuf => Volatile.Read(ref _protobuf) ?? (_protobuf = EncodeProtobuf());

    private byte[] EncodeProtobuf()
    {
        var unknown = new Unknown
        {
            TypeMeta = new TypeMeta { ApiVersion = ApiVersion, Kind = Kind },
            Raw = Message.ToByteString(),
        };
        return [.. "k8s\0"u8, .. unknown.ToByteArray()];
    }
}
