using Cluster.Api;
using Cluster.Client;

namespace Cluster.Controllers.GarbageCollection;

/// <summary>An object of any kind as a work queue's key: the resource stands before the namespace.</summary>
internal static class GraphKey
{
    public static ObjectKey Of(ResourceType type, IApiObject obj) => new($"{type.GroupResource}/{obj.Metadata.Namespace}", obj.Metadata.Name);

    public static (string Resource, ObjectKey Key) Read(ObjectKey key)
    {
        var slash = key.Namespace.IndexOf('/', StringComparison.Ordinal);
        return (key.Namespace[..slash], new(key.Namespace[(slash + 1)..], key.Name));
    }
}
