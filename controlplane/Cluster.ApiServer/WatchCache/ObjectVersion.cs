using Cluster.Api;

namespace Cluster.ApiServer.WatchCache;

/// <summary>One version of one stored object: what the cache, its watchers and every reader share.</summary>
/// <param name="type">Its resource.</param>
/// <param name="key">Its key in the store.</param>
/// <param name="obj">The object, its resourceVersion set; never changed.</param>
/// <param name="revision">The store revision that made this version.</param>
public sealed class ObjectVersion(ResourceType type, string key, IApiObject obj, long revision)
    : EncodedMessage(obj, type.ApiVersion, type.Kind)
{
    public ResourceType Type { get; } = type;

    public string Key { get; } = key;

    public IApiObject Object => (IApiObject)Message;

    public long Revision { get; } = revision;
}
