using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Json;

/// <summary>The descriptor of a message type known at compile time.</summary>
internal static class MessageTypes<T>
    where T : class, IMessage<T>, new()
{
    public static readonly MessageDescriptor Descriptor = new T().Descriptor;
}
