using Google.Protobuf;

namespace Cluster.Api;

/// <summary>A message that carries JSON of any shape as bytes: RawExtension and FieldsV1.</summary>
public interface IRawJson : IMessage
{
    /// <summary>JSON text, or an object in the Kubernetes protobuf envelope, as it was received; empty for none.</summary>
    ByteString Raw { get; set; }
}
