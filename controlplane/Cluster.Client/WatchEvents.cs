using Cluster.Api;
using Cluster.Api.MetaV1;

namespace Cluster.Client;

/// <summary>A watch event as it travels: a word and an object.</summary>
internal static class WatchEvents
{
    /// <exception cref="StatusException">The event is an ERROR.</exception>
    public static ResourceEvent<T> Read<T>(
        string type, ReadOnlyMemory<byte> bytes, Func<ReadOnlyMemory<byte>, T> decode, Func<ReadOnlyMemory<byte>, Status> decodeStatus)
        where T : class, IApiObject, new() => type switch
        {
            "ADDED" => new(ResourceEventType.Added, decode(bytes)),
            "MODIFIED" => new(ResourceEventType.Modified, decode(bytes)),
            "DELETED" => new(ResourceEventType.Deleted, decode(bytes)),
            "BOOKMARK" => new(ResourceEventType.Bookmark, decode(bytes)),
            "ERROR" => throw new StatusException(decodeStatus(bytes)),
            _ => throw new IOException($"the server sent a watch event of type \"{type}\""),
        };
}
