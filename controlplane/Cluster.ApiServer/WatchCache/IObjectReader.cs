using Cluster.Api;

namespace Cluster.ApiServer.WatchCache;

/// <summary>The server's own cheap reads (admission, strategies): from memory, possibly a moment old.</summary>
public interface IObjectReader
{
    /// <summary>The object as the cache has it, or null.</summary>
    IApiObject? Find(ResourceType type, string? ns, string name);

    /// <summary>All objects of a stored resource, as the cache has them.</summary>
    SortedSnapshot Snapshot(ResourceType type);

    /// <summary>The object as of now, as fresh as the store, or null.</summary>
    ValueTask<IApiObject?> FindFreshAsync(ResourceType type, string? ns, string name, CancellationToken cancellationToken);

    /// <summary>The objects of a namespace as the cache has them, by name.</summary>
    IEnumerable<IApiObject> List(ResourceType type, string ns);
}
