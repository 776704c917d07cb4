using Cluster.Api;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Tests.Admission;

/// <summary>Objects in memory; those in the store may be newer than those in the cache.</summary>
internal sealed class FakeObjects : IObjectReader
{
    public List<IApiObject> Cached { get; } = [];

    public List<IApiObject> Fresh { get; } = [];

    public int FreshReads { get; private set; }

    public IApiObject? Find(ResourceType type, string? ns, string name) => Find(Cached, type, ns, name);

    public SortedSnapshot Snapshot(ResourceType type) => SortedSnapshot.FromSorted(
        [.. Cached.Where(obj => ResourceCatalog.For(obj) == type)
            .Select(obj => new ObjectVersion(type, type.Key(obj.Metadata.Namespace, obj.Metadata.Name), obj, 1)).OrderBy(version => version.Key, StringComparer.Ordinal)]);

    public ValueTask<IApiObject?> FindFreshAsync(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
    {
        FreshReads++;
        return ValueTask.FromResult(Find(Fresh, type, ns, name) ?? Find(Cached, type, ns, name));
    }

    public IEnumerable<IApiObject> List(ResourceType type, string ns) =>
        Cached.Where(obj => ResourceCatalog.For(obj) == type && obj.Metadata.Namespace == ns).OrderBy(obj => obj.Metadata.Name, StringComparer.Ordinal);

    public static AdmissionRequest Create(IApiObject obj, AdmissionOperation operation = AdmissionOperation.Create)
    {
        var type = ResourceCatalog.For(obj);
        return new AdmissionRequest
        {
            Scope = new RequestScope
            {
                Resource = type,
                User = UserIdentity.ApiServer,
                Namespace = type.Namespaced ? obj.Metadata.Namespace : null,
                Name = obj.Metadata.Name,
            },
            Operation = operation,
            Object = operation == AdmissionOperation.Delete ? null : obj,
        };
    }

    private static IApiObject? Find(List<IApiObject> objects, ResourceType type, string? ns, string name) => objects.Find(obj =>
        ResourceCatalog.For(obj) == type && obj.Metadata.Name == name && obj.Metadata.Namespace == (ns ?? ""));
}
