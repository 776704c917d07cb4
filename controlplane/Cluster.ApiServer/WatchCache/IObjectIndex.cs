using Cluster.Api;

namespace Cluster.ApiServer.WatchCache;

/// <summary>Follows the objects of some kinds as the caches do, to answer a question without looking at all of them.</summary>
public interface IObjectIndex
{
    bool Covers(ResourceType type);

    /// <summary>Told of every change before readers of the cache can see it, in the store's order, by one writer.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="key">The object's key in the store.</param>
    /// <param name="previous">The object before; null: it was not there.</param>
    /// <param name="current">The object now; null: it is gone. Neither may be changed.</param>
    void Change(ResourceType type, string key, IApiObject? previous, IApiObject? current);
}
