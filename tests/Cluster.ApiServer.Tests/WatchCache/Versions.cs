using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Tests.WatchCache;

internal static class Versions
{
    public static readonly ResourceType ConfigMaps = ResourceCatalog.For<ConfigMap>();

    /// <summary>A version of an object; one of a length in the store holds zeros there, and no object.</summary>
    public static ObjectVersion Of(string key, long revision = 1, int storedBytes = 0) => storedBytes > 0
        ? new ObjectVersion(ConfigMaps, new StoreEntry(key, new byte[storedBytes], revision, revision))
        : new ObjectVersion(ConfigMaps, key, new ConfigMap { Metadata = new ObjectMeta { Name = key, ResourceVersion = ResourceVersions.Format(revision) } }, revision);
}
