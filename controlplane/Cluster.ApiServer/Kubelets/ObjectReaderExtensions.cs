using Cluster.Api;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Kubelets;

/// <summary>Reads of what a conversation with a kubelet is about.</summary>
internal static class ObjectReaderExtensions
{
    /// <summary>The object of the cache and, where it has none, of the store: it may have been made a moment ago.</summary>
    public static async ValueTask<T?> FindAsync<T>(this IObjectReader reader, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var type = ResourceCatalog.For<T>();
        return (reader.Find(type, ns, name) ?? await reader.FindFreshAsync(type, ns, name, cancellationToken)) as T;
    }

    /// <exception cref="StatusException">404.</exception>
    public static async ValueTask<T> GetAsync<T>(this IObjectReader reader, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        await reader.FindAsync<T>(ns, name, cancellationToken) ?? throw StatusErrors.NotFound(ResourceCatalog.For<T>(), name);
}
